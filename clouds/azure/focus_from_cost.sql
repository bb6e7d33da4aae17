-- One row per line of an Azure actual or amortized cost export. A customer agreement states prices in the pricing
-- currency, of which the line has the exchange rate; FOCUS wants them in the currency of the costs. What is invoiced
-- there is a billing profile, of which an account may have several; an enrollment is its own profile.
with line as (
    select
        bill.*,
        lower(coalesce(bill.charge_type, 'usage')) as kind,
        replace(lower(coalesce(bill.pricing_model, '')), ' ', '') as pricing,
        replace(lower(coalesce(bill.pricing_model, '')), ' ', '') in ('reservation', 'savingsplan') as is_committed,
        bill.cost_in_billing_currency as cost,
        bill.quantity as amount,
        coalesce(bill.pricing_currency <> bill.billing_currency, false) as is_converted,
        nullif(bill.unit_price, 0) as stated_price,
        nullif(bill.payg_price, 0) as stated_list_price,
        moment(bill.date) as day,
        coalesce(moment(bill.billing_period_start_date), date_trunc('month', moment(bill.date))) as period_start,
        moment(bill.billing_period_end_date) as period_end,
    from bill
)

select
    line.availability_zone as AvailabilityZone,
    case when line.is_committed and (line.kind = 'usage' or line.kind like 'unused%') then 0 else line.cost end
        as BilledCost,
    coalesce(line.billing_profile_id, line.billing_account_id, line.subscription_id) as BillingAccountId,
    coalesce(line.billing_profile_name, line.billing_account_name) as BillingAccountName,
    line.billing_currency as BillingCurrency,
    case
        when line.period_end is null then line.period_start + interval 1 month
        when day(line.period_end) = 1 then line.period_end
        else line.period_end + interval 1 day
    end as BillingPeriodEnd,
    line.period_start as BillingPeriodStart,
    case
        when line.kind = 'usage' or line.kind like 'unused%' then 'Usage'
        when line.kind = 'purchase' then 'Purchase'
        when line.kind = 'tax' then 'Tax'
        else 'Adjustment'
    end as ChargeCategory,
    case when line.kind = 'refund' then 'Correction' end as ChargeClass,
    line.product_name as ChargeDescription,
    case lower(line.frequency)
        when 'onetime' then 'One-Time'
        when 'recurring' then 'Recurring'
        else 'Usage-Based'
    end as ChargeFrequency,
    line.day + interval 1 day as ChargePeriodEnd,
    line.day as ChargePeriodStart,
    case line.pricing when 'reservation' then 'Usage' when 'savingsplan' then 'Spend' end as CommitmentDiscountCategory,
    case when line.is_committed then coalesce(line.benefit_id, line.reservation_id) end as CommitmentDiscountId,
    case when line.is_committed then coalesce(line.benefit_name, line.reservation_name) end as CommitmentDiscountName,
    case
        when line.kind like 'unused%' then 'Unused'
        when line.kind = 'usage' and line.is_committed then 'Used'
    end as CommitmentDiscountStatus,
    case line.pricing when 'reservation' then 'Reservation' when 'savingsplan' then 'Savings Plan' end
        as CommitmentDiscountType,
    case when line.kind = 'usage' then line.amount end as ConsumedQuantity,
    case when line.kind = 'usage' then line.unit_of_measure end as ConsumedUnit,
    if(
        line.is_converted, times(line.stated_price, line.exchange_rate_pricing_to_billing), line.stated_price
    ) as ContractedUnitPrice,
    case
        when line.is_committed and (line.kind = 'usage' or line.kind like 'unused%')
            then times(ContractedUnitPrice, line.amount)
        else line.cost
    end as ContractedCost,
    case when line.is_committed and line.kind in ('purchase', 'refund') then 0 else line.cost end as EffectiveCost,
    line.invoice_id as InvoiceId,
    'Microsoft Azure' as InvoiceIssuerName,
    if(
        line.is_converted, times(line.stated_list_price, line.exchange_rate_pricing_to_billing), line.stated_list_price
    ) as ListUnitPrice,
    case
        when line.kind = 'usage' or line.kind like 'unused%'
            then coalesce(nullif(line.payg_cost_in_billing_currency, 0), times(ListUnitPrice, line.amount))
        else line.cost
    end as ListCost,
    case
        when line.is_committed and line.kind <> 'purchase' then 'Committed'
        when line.pricing = 'spot' then 'Dynamic'
        when line.kind in ('tax', 'refund', 'roundingadjustment') then null
        else 'Standard'
    end as PricingCategory,
    line.pricing_currency as PricingCurrency,
    if(line.is_converted, line.stated_price, null) as PricingCurrencyContractedUnitPrice,
    if(line.is_converted, line.stated_list_price, null) as PricingCurrencyListUnitPrice,
    line.amount as PricingQuantity,
    line.unit_of_measure as PricingUnit,
    'Microsoft Azure' as ProviderName,
    coalesce(line.publisher_name, 'Microsoft') as PublisherName,
    lower(replace(line.resource_location, ' ', '')) as RegionId,
    line.resource_location as RegionName,
    lower(line.resource_id) as ResourceId,
    coalesce(line.resource_name, nullif(split_part(line.resource_id, '/', -1), '')) as ResourceName,
    coalesce(
        lower(line.resource_type),
        nullif(regexp_extract(lower(line.resource_id), '.*/providers/([^/]+/[^/]+)/', 1), '')
    ) as ResourceType,
    case lower(line.service_family)
        when 'compute' then 'Compute'
        when 'containers' then 'Compute'
        when 'storage' then 'Storage'
        when 'networking' then 'Networking'
        when 'databases' then 'Databases'
        when 'analytics' then 'Analytics'
        when 'ai + machine learning' then 'AI and Machine Learning'
        when 'security' then 'Security'
        when 'identity' then 'Identity'
        when 'integration' then 'Integration'
        when 'internet of things' then 'Internet of Things'
        when 'web' then 'Web'
        when 'media' then 'Media'
        when 'developer tools' then 'Developer Tools'
        when 'management and governance' then 'Management and Governance'
        else 'Other'
    end as ServiceCategory,
    coalesce(line.meter_category, line.consumed_service) as ServiceName,
    coalesce(line.product_id, line.meter_id) as SkuId,
    line.meter_name as SkuMeter,
    line.subscription_id as SubAccountId,
    line.subscription_name as SubAccountName,
    'Subscription' as SubAccountType,
    tag_object(line.azure_tags) as Tags,
    line.extra as x_extra,
from line
