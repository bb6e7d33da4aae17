-- One row per cloud, resource, currency and meter billed in the 32 days before as_of: how much of what was used.
-- group: cost
select
    focus.x_cloud as cloud,
    coalesce(billed.resource_id, focus.ResourceId) as resource_id,
    focus.BillingCurrency as currency,
    billed_meter(focus.x_extra, focus.SkuMeter, focus.ChargeDescription) as meter,
    max(focus.ChargeDescription) as description,
    max(focus.PricingUnit) as unit,
    sum(focus.PricingQuantity) as quantity,
    sum(focus.EffectiveCost) as cost,
    min(focus.ChargePeriodStart)::date as first_day,
    max(focus.ChargePeriodStart)::date as last_day,
    count(distinct focus.ChargePeriodStart::date) as days_billed
from raw.focus as focus
left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
where
    focus.ResourceId is not null
    and focus.ChargeCategory = 'Usage'
    and focus.ChargeClass is null
    and focus.ChargePeriodStart >= getvariable('as_of')::date - interval 32 day
    and focus.ChargePeriodStart < getvariable('as_of')
group by all
