-- One row per open recommendation on an instance: how much of its demand goes away, at list prices per hour.
-- What is deleted or stopped goes away whole. So does what is to be switched off at times: it would stand idle under a
-- commitment for too many hours. A new size takes away the share of the cost that it saves, of what no commitment covers.
-- What is billed to a machine for traffic is nothing that a commitment could cover, and neither is a spot machine.
with payer as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId) as account,
        focus.BillingCurrency as currency,
        arg_max(focus.BillingAccountId, focus.ChargePeriodStart) as billing_account
    from raw.focus as focus
    where focus.ChargePeriodStart >= getvariable('until')::date - interval 35 day
    group by all
),

spot as (
    select distinct
        focus.x_cloud as cloud,
        coalesce(billed.resource_id, focus.ResourceId) as resource_id
    from raw.focus as focus
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    where
        focus.PricingCategory = 'Dynamic'
        and focus.ChargeCategory = 'Usage'
        and focus.ChargePeriodStart >= getvariable('until')::date - interval 14 day
)

select
    recommendation.id,
    recommendation.cloud,
    payer.billing_account,
    recommendation.currency,
    resource.region,
    resource.sku as instance_type,
    json_extract_string(resource.config, '$.os') as os,
    case
        when recommendation.verb = 'resize'
            then
                least(
                    recommendation.saving_month_high::double
                    / nullif(rate.cost_month::double * (1 - coalesce(rate.commitment_share, 0)), 0),
                    1
                )
        else 1
    end * rate.list_cost_month::double / 730.5 as list_hour
from actions.recommendation as recommendation
join marts.resource_now as resource
    on
        recommendation.source = resource.source
        and recommendation.cloud = resource.cloud
        and recommendation.account = resource.account
        and recommendation.resource_id = resource.resource_id
        and recommendation.kind = resource.kind
join marts.machine_run_rate as rate
    on
        recommendation.cloud = rate.cloud
        and recommendation.resource_id = rate.resource_id
        and recommendation.currency = rate.currency
join payer
    on
        recommendation.cloud = payer.cloud
        and recommendation.account = payer.account
        and recommendation.currency = payer.currency
anti join spot
    on recommendation.cloud = spot.cloud and recommendation.resource_id = spot.resource_id
where
    recommendation.status = 'open'
    and recommendation.kind = 'instance'
    and recommendation.verb in ('delete', 'stop', 'resize', 'schedule')
    and list_hour > 0
order by all
