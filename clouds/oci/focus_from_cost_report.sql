-- One row per line of an OCI cost report. cost/myCost is the bill; cost/myCostOverage is only its part above a commitment.
with line as (
    select
        bill.*,
        bill."cost/myCost" as cost,
        bill."cost/unitPrice" as price,
        moment(bill."lineItem/intervalUsageStart") as starts_at,
        lower(bill."lineItem/isCorrection") = 'true' as is_correction,
    from bill
)

select
    line."product/availabilityDomain" as AvailabilityZone,
    line.cost as BilledCost,
    coalesce(line."cost/subscriptionId", line."lineItem/tenantId") as BillingAccountId,
    line."cost/currencyCode" as BillingCurrency,
    date_trunc('month', line.starts_at) + interval 1 month as BillingPeriodEnd,
    date_trunc('month', line.starts_at) as BillingPeriodStart,
    'Usage' as ChargeCategory,
    case when line.is_correction then 'Correction' end as ChargeClass,
    line."product/Description" as ChargeDescription,
    'Usage-Based' as ChargeFrequency,
    moment(line."lineItem/intervalUsageEnd") as ChargePeriodEnd,
    line.starts_at as ChargePeriodStart,
    line."usage/billedQuantity" as ConsumedQuantity,
    line."cost/skuUnitDescription" as ConsumedUnit,
    line.cost as ContractedCost,
    line.price as ContractedUnitPrice,
    line.cost as EffectiveCost,
    'Oracle' as InvoiceIssuerName,
    'Standard' as PricingCategory,
    line."usage/billedQuantity" as PricingQuantity,
    line."cost/skuUnitDescription" as PricingUnit,
    'Oracle' as ProviderName,
    'Oracle' as PublisherName,
    line."product/region" as RegionId,
    line."product/resourceId" as ResourceId,
    case
        when line."product/service" in ('COMPUTE', 'FUNCTIONS', 'OKE') then 'Compute'
        when line."product/service" in ('OBJECTSTORE', 'BLOCK_STORAGE', 'FILE_STORAGE', 'ARCHIVE') then 'Storage'
        when line."product/service" in ('DATABASE', 'MYSQL', 'NOSQL', 'POSTGRESQL') then 'Databases'
        when line."product/service" in ('NETWORK', 'LOADBALANCER', 'DNS', 'VPN') then 'Networking'
        when line."product/service" in ('TELEMETRY', 'LOGGING', 'MONITORING') then 'Management and Governance'
        when line."product/service" in ('STREAMING', 'NOTIFICATIONS', 'QUEUE') then 'Integration'
        when line."product/service" in ('KMS', 'VAULT', 'WAF') then 'Security'
        else 'Other'
    end as ServiceCategory,
    line."product/service" as ServiceName,
    line."cost/productSku" as SkuId,
    line."lineItem/tenantId" as SubAccountId,
    line.tags as Tags,
    line.extra as x_extra,
from line
