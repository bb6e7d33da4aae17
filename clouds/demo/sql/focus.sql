-- One row per charge in the columns of FOCUS 1.2, for the providers that deliver FOCUS themselves.
create or replace view focus_line as
select
    charge.feed as x_feed,
    charge.zone as AvailabilityZone,
    charge.billed_cost as BilledCost,
    charge.billing_account as BillingAccountId,
    issuer.billing_name as BillingAccountName,
    issuer.billing_type as BillingAccountType,
    charge.currency as BillingCurrency,
    month.ends_at as BillingPeriodEnd,
    month.starts_at as BillingPeriodStart,
    cast(null as varchar) as CapacityReservationId,
    cast(null as varchar) as CapacityReservationStatus,
    charge.charge_category as ChargeCategory,
    charge.charge_class as ChargeClass,
    charge.product as ChargeDescription,
    charge.charge_frequency as ChargeFrequency,
    charge.ends_at as ChargePeriodEnd,
    charge.starts_at as ChargePeriodStart,
    case commitment.kind when 'reservation' then 'Usage' when 'savings_plan' then 'Spend' end
        as CommitmentDiscountCategory,
    charge.commitment_id as CommitmentDiscountId,
    commitment.name as CommitmentDiscountName,
    case
        when charge.charge_category = 'Purchase'
            then
                case commitment.kind when 'reservation' then commitment.quantity * 24 else charge.billed_cost end
        when charge.commitment_id is null then null
        when commitment.kind = 'reservation'
            then cast(case
                when charge.commitment_status = 'Used' then cast(charge.quantity as double)
                else
                    cast(charge.effective_cost as double) / cast(commitment.hourly_cost as double)
                    * commitment.quantity
            end as decimal(18, 6
            ))
        else charge.effective_cost
    end as CommitmentDiscountQuantity,
    charge.commitment_status as CommitmentDiscountStatus,
    case commitment.kind when 'reservation' then 'Reservation' when 'savings_plan' then 'Savings Plan' end
        as CommitmentDiscountType,
    case commitment.kind when 'reservation' then 'Hours' when 'savings_plan' then charge.currency end
        as CommitmentDiscountUnit,
    case
        when charge.charge_category = 'Usage' and coalesce(charge.commitment_status, '') <> 'Unused'
            then charge.quantity
    end as ConsumedQuantity,
    case
        when charge.charge_category = 'Usage' and coalesce(charge.commitment_status, '') <> 'Unused'
            then charge.unit
    end as ConsumedUnit,
    charge.contracted_cost as ContractedCost,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.contracted_price end
        as ContractedUnitPrice,
    charge.effective_cost as EffectiveCost,
    month.invoice_prefix || issuer.invoice_code as InvoiceId,
    issuer.issuer as InvoiceIssuerName,
    charge.list_cost as ListCost,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.list_price end as ListUnitPrice,
    charge.pricing_category as PricingCategory,
    charge.currency as PricingCurrency,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.contracted_price end
        as PricingCurrencyContractedUnitPrice,
    charge.effective_cost as PricingCurrencyEffectiveCost,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.list_price end
        as PricingCurrencyListUnitPrice,
    case
        when charge.commitment_status = 'Unused' then 0
        when charge.charge_category in ('Usage', 'Purchase') then charge.quantity
    end as PricingQuantity,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.unit end as PricingUnit,
    issuer.provider as ProviderName,
    case when charge.kind = 'saas' then split_part(charge.service, ' (', 1) else issuer.provider end as PublisherName,
    nullif(charge.region, 'global') as RegionId,
    coalesce(region_name.name, nullif(charge.region, 'global')) as RegionName,
    charge.resource_id as ResourceId,
    charge.resource_name as ResourceName,
    charge.resource_type as ResourceType,
    charge.category as ServiceCategory,
    charge.service as ServiceName,
    charge.subcategory as ServiceSubcategory,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.sku_id end as SkuId,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.meter end as SkuMeter,
    case
        when charge.kind in ('instance', 'database') and charge.meter <> 'storage'
            then '{"InstanceType":"' || charge.sku || '"}'
    end as SkuPriceDetails,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.sku_id || '.1' end as SkuPriceId,
    charge.account as SubAccountId,
    charge.account_name as SubAccountName,
    issuer.sub_type as SubAccountType,
    charge.tags as Tags,
    charge.kind as x_kind
from charge
inner join issuer using (feed)
left join commitment on charge.commitment_id = commitment.commitment_id
left join region_name on charge.region = region_name.region
cross join month;
