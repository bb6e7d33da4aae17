-- One row per billing month, account, region, service, resource and currency; lines without a resource are not here.
-- group: cost
select
    date_trunc('month', focus.BillingPeriodStart)::date as month,
    focus.x_cloud as cloud,
    coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
    coalesce(focus.RegionId, 'global') as region,
    coalesce(focus.ServiceName, '(unknown)') as service,
    coalesce(billed.resource_id, focus.ResourceId) as resource_id,
    max(focus.ResourceName) as resource_name,
    max(focus.ResourceType) as resource_type,
    focus.BillingCurrency as currency,
    sum(focus.BilledCost) as billed_cost,
    sum(focus.EffectiveCost) as effective_cost,
    sum(focus.ListCost) as list_cost,
    coalesce(
        sum(focus.EffectiveCost) filter (where focus.CommitmentDiscountId is not null), 0
    ) as commitment_cost, -- the part of effective_cost that a commitment covers
    -- Days of the month on which a charge begins: one bit per day of the month, counted.
    bit_count(bit_or(1::bigint << day(focus.ChargePeriodStart))) as days_billed
from raw.focus as focus
left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
where focus.ResourceId is not null
group by all
