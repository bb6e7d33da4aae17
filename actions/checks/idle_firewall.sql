-- title: Delete network firewalls through which nothing has gone for 30 days
-- kind: firewall
-- verb: delete
-- risk: R3
-- param days: 30
-- blind: Routes that lead through it: take them away first, or their traffic ends.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost, meter.currency,
-- evidence: meter.days_billed, meter.last_day, resource.sku, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost desc
--
-- No byte in 30 days: AWS Trusted Advisor's check of inactive network firewalls
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html), here by the bill,
-- which has hours of each firewall and gigabytes of those that inspected any.
-- A bill that never tells traffic by resource is no evidence, so the row says so where none of it does; nor
-- is one of less than 30 days. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
with line as (
    select
        meter.*,
        concat_ws(' ', meter.meter, meter.description) as told,
        regexp_matches(concat_ws(' ', meter.meter, meter.description, meter.unit), 'bytes|\bGB\b|gigabyte', 'i')
            as is_traffic
    from marts.resource_meter as meter
    where
        regexp_matches(
            concat_ws(' ', meter.meter, meter.description), 'Endpoint-Hour|Traffic-GB|Network Firewall', 'i'
        )
),

metered as (
    select
        line.cloud,
        line.resource_id,
        max(line.days_billed) filter (where line.told ilike '%hour%') as days_held,
        coalesce(sum(line.quantity) filter (where line.is_traffic), 0) as traffic
    from line
    group by all
),

telling as (
    select
        metered.cloud,
        max(metered.traffic) > 0 as tells_traffic
    from metered
    group by all
),

judged as (
    select
        link.*,
        metered.days_held,
        telling.tells_traffic
    from marts.resource_now as link
    left join metered on link.cloud = metered.cloud and link.resource_id = metered.resource_id
    left join telling on link.cloud = telling.cloud
    where
        link.kind = 'firewall'
        and link.cloud = 'aws'
        and link.state = 'active'
        and coalesce(metered.traffic, 0) = 0
        and coalesce(link.age_days >= $days, true)
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'absent' as after,
    rate.currency,
    (rate.cost_month * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        judged.days_held >= $days and judged.tells_traffic,
        format('no traffic on the bills of {} days', judged.days_held),
        'a network firewall'
    )
    || coalesce(format(', costs {:.2f} {} a month', rate.cost_month::double, rate.currency), '') as reason,
    case
        when judged.age_days is null then 'when it was created'
        when rate.cost_month is null then null
        when judged.days_held is null then 'what the lines of its bill are for'
        when judged.days_held < $days
            then format('bills of {} days, there are {}', $days, judged.days_held)
        when not coalesce(judged.tells_traffic, false) then 'traffic: no line of the bills tells it by firewall'
    end as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
