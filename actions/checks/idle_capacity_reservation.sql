-- title: Give back reserved capacity that no machine has used for {days} days
-- kind: capacity_reservation
-- verb: configure
-- risk: R5
-- param days: 7
-- harm: A launch may find no room in the zone.
-- undo: Reserve it again, if there is room by then.
-- blind: Capacity that is held for a launch or a disaster.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.sku, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter_rate as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost_month desc
--
-- Places have been free for 7 days, and as many of them: Google's recommender of idle reservations
-- (https://cloud.google.com/compute/docs/instances/idle-reservation-recommendations), as nothing changed about the
-- reservation for so long. AWS bills the free places apart from those that machines use
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-pricing-billing.html), so its own bill is what
-- goes away; the low end leaves out what a commitment covers. Blocks that are paid ahead are left out. Google Cloud's are
-- not read. R5: the gate has no verb for it.
with unused as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) filter (
            where regexp_matches(concat_ws(' ', meter.meter, meter.description), 'Unused(Box|Ded)|unused', 'i')
        )::double
        / nullif(sum(meter.cost_month), 0)::double as share
    from marts.resource_meter_rate as meter
    group by all
)

select
    held.source,
    held.cloud,
    held.account,
    held.region,
    held.resource_id,
    json_extract_string(held.config, '$.machines') || ' places' as before,
    (
        try_cast(json_extract_string(held.config, '$.machines') as integer)
        - try_cast(json_extract_string(held.config, '$.free') as integer)
    )::varchar
    || ' places' as after,
    rate.currency,
    (rate.cost_month * unused.share * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    (rate.cost_month * unused.share)::decimal(38, 18) as saving_month_high,
    format(
        '{} of {} places for {} are free', json_extract_string(held.config, '$.free'),
        json_extract_string(held.config, '$.machines'), coalesce(held.sku, 'machines')
    )
    || coalesce(format(', watched for {:.0f} days', floor(held.unchanged_days)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(held.unchanged_days < $days, true)
            then format(
                'since when they are free; it has been watched for {:.0f} of {} days',
                floor(coalesce(held.unchanged_days, 0)), $days
            )
        when rate.cost_month is not null and unused.share is null
            then 'what its free places cost: the bill does not tell it apart'
    end as missing
from marts.resource_now as held
left join marts.resource_run_rate as rate
    on held.cloud = rate.cloud and held.resource_id = rate.resource_id
left join unused
    on rate.cloud = unused.cloud and rate.resource_id = unused.resource_id and rate.currency = unused.currency
where
    held.kind = 'capacity_reservation'
    and held.state = 'active'
    and json_extract_string(held.config, '$.type') is distinct from 'capacity-block'
    and try_cast(json_extract_string(held.config, '$.free') as integer) > 0
