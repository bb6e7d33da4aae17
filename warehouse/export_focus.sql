-- One row per charge line in strict FOCUS 1.2. What the specification does not allow to be null and the provider left out is
-- filled from the nearest known column; a unit price that does not explain its cost is left out.
with named as (
    select
        focus.*,
        coalesce(focus.ProviderName, focus.ServiceProviderName, focus.InvoiceIssuerName, 'Unknown') as provider,
        coalesce(focus.ContractedCost, focus.BilledCost, 0) as contracted,
        coalesce(focus.ListCost, focus.ContractedCost, focus.BilledCost, 0) as list,
        if(
            focus.ServiceCategory in (
                'AI and Machine Learning', 'Analytics', 'Business Applications', 'Compute', 'Databases',
                'Developer Tools', 'Multicloud', 'Identity', 'Integration', 'Internet of Things',
                'Management and Governance', 'Media', 'Migration', 'Mobile', 'Networking', 'Security', 'Storage',
                'Web', 'Other'
            ),
            focus.ServiceCategory,
            'Other'
        ) as category,
    from raw.focus
),

line as (
    select
        named.*,
        abs(
            cast(named.list as double) - cast(named.ListUnitPrice as double) * cast(named.PricingQuantity as double)
        ) <= 1e-6 * greatest(1, abs(cast(named.list as double))) as explains_list,
        abs(
            cast(named.contracted as double)
            - cast(named.ContractedUnitPrice as double) * cast(named.PricingQuantity as double)
        ) <= 1e-6 * greatest(1, abs(cast(named.contracted as double))) as explains_contracted,
    from named
)

select
    line.AvailabilityZone,
    coalesce(line.BilledCost, 0) as BilledCost,
    line.BillingAccountId,
    line.BillingAccountName,
    coalesce(line.BillingAccountType, 'Billing Account') as BillingAccountType,
    line.BillingCurrency,
    coalesce(line.BillingPeriodEnd, line.BillingPeriodStart + interval 1 month) as BillingPeriodEnd,
    line.BillingPeriodStart,
    line.CapacityReservationId,
    line.CapacityReservationStatus,
    if(line.ChargeCategory in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'), line.ChargeCategory, 'Adjustment')
        as ChargeCategory,
    if(line.ChargeClass = 'Correction', 'Correction', null) as ChargeClass,
    line.ChargeDescription,
    case lower(line.ChargeFrequency)
        when 'one-time' then 'One-Time'
        when 'recurring' then 'Recurring'
        else 'Usage-Based'
    end as ChargeFrequency,
    coalesce(line.ChargePeriodEnd, line.ChargePeriodStart + interval 1 hour) as ChargePeriodEnd,
    line.ChargePeriodStart,
    line.CommitmentDiscountCategory,
    line.CommitmentDiscountId,
    line.CommitmentDiscountName,
    line.CommitmentDiscountQuantity,
    line.CommitmentDiscountStatus,
    line.CommitmentDiscountType,
    line.CommitmentDiscountUnit,
    line.ConsumedQuantity,
    line.ConsumedUnit,
    line.contracted as ContractedCost,
    if(line.explains_contracted, line.ContractedUnitPrice, null) as ContractedUnitPrice,
    coalesce(line.EffectiveCost, line.BilledCost, 0) as EffectiveCost,
    line.InvoiceId,
    case
        when coalesce(cloud_of(line.InvoiceIssuerName), cloud_of(line.provider)) = cloud_of(line.provider)
            then line.provider
        else line.InvoiceIssuerName
    end as InvoiceIssuerName,
    line.list as ListCost,
    if(line.explains_list, line.ListUnitPrice, null) as ListUnitPrice,
    if(line.PricingCategory in ('Standard', 'Dynamic', 'Committed', 'Other'), line.PricingCategory, null)
        as PricingCategory,
    line.PricingCurrency,
    line.PricingCurrencyContractedUnitPrice,
    line.PricingCurrencyEffectiveCost,
    line.PricingCurrencyListUnitPrice,
    line.PricingQuantity,
    line.PricingUnit,
    line.provider as ProviderName,
    coalesce(line.PublisherName, line.provider) as PublisherName,
    line.RegionId,
    line.RegionName,
    line.ResourceId,
    line.ResourceName,
    line.ResourceType,
    line.category as ServiceCategory,
    coalesce(line.ServiceName, line.ChargeCategory, 'Other') as ServiceName,
    coalesce(line.ServiceSubcategory, 'Other (' || line.category || ')') as ServiceSubcategory,
    line.SkuId,
    line.SkuMeter,
    line.SkuPriceDetails,
    line.SkuPriceId,
    line.SubAccountId,
    line.SubAccountName,
    line.SubAccountType,
    line.Tags,
from line
