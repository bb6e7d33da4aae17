-- One row per day and meter of a month, in columns of an amortized cost export of Azure (MCA); $rows of them, a third covered by a commitment.
with day as (
    select
        range as i,
        range % 31 as d,
        cast(hash(range // 31) >> 2 as bigint) as x,
        1 + (hash(range) % 1000000) / 1e6 as quantity,
    from range($rows)
),

line as (
    select
        day.*,
        day.x % 3 = 0 as is_covered,
        timestamp '2026-10-01' + to_days(cast(day.d as integer)) as starts_at,
        0.01 + (day.x % 977) / 500.0 as price,
    from day
)

select
    'G000000001' as invoiceId,
    '1a2b:3c4d_2019-05-31' as billingAccountId,
    'Example' as billingAccountName,
    'PROF-1' as billingProfileId,
    timestamp '2026-10-31' as billingPeriodEndDate,
    timestamp '2026-10-01' as billingPeriodStartDate,
    line.starts_at as date,
    'Virtual Machines' as serviceFamily,
    'PROD-' || line.x % 5000 as ProductId,
    'Virtual Machines Dv5 Series - D4 v5 - EU West' as product,
    'Microsoft.Compute' as consumedService,
    'meter-' || line.x % 5000 as meterId,
    'D4 v5' as meterName,
    ['Virtual Machines', 'Storage', 'SQL Database', 'Bandwidth', 'Load Balancer', 'Azure Monitor'][1 + line.x % 6]
        as meterCategory,
    'Dv5 Series' as meterSubCategory,
    'USD' as billingCurrency,
    'USD' as pricingCurrency,
    round(line.price * line.quantity * if(line.is_covered, 0.6, 1.0), 12) as costInBillingCurrency,
    line.price * line.quantity * if(line.is_covered, 0.6, 1.0) as costInPricingCurrency,
    round(line.price * line.quantity * 1.1, 12) as paygCostInBillingCurrency,
    1 as exchangeRatePricingToBilling,
    '2026-10-01' as exchangeRateDate,
    'sub-' || line.x % 40 as SubscriptionId,
    'team-' || line.x % 40 as subscriptionName,
    'Usage' as chargeType,
    'UsageBased' as frequency,
    if(line.is_covered, 'SavingsPlan', 'OnDemand') as pricingModel,
    if(line.is_covered, '/providers/Microsoft.BillingBenefits/savingsPlanOrders/o/savingsPlans/' || line.x % 7, null)
        as benefitId,
    if(line.is_covered, 'plan ' || line.x % 7, null) as benefitName,
    line.price as effectivePrice,
    line.price as unitPrice,
    line.price * 1.1 as PayGPrice,
    line.quantity as quantity,
    '1 Hour' as unitOfMeasure,
    'Microsoft' as publisherName,
    'Microsoft' as publisherType,
    'EU West' as meterRegion,
    'westeurope' as resourceLocation,
    'web' as resourceGroupName,
    '/subscriptions/sub-' || line.x % 40 || '/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm-'
    || line.x as ResourceId,
    '{"UsageType":"ComputeHR","ServiceType":"Standard_D4_v5","VCPUs":4}' as additionalInfo,
    '"team":"team-' || line.x % 25 || '","env":"' || if(line.x % 4 = 0, 'prod', 'dev') || '"' as tags,
from line
