-- title: Delete network firewalls through which nothing has gone for {days} days
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
select
    link.source,
    link.cloud,
    link.account,
    link.region,
    link.resource_id,
    link.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        metered.days_held >= $days and metered.tells_traffic,
        format('no traffic on the bills of {} days', metered.days_held),
        'a network firewall'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when link.age_days is null then 'when it was created'
        when rate.cost_month is null then null
        when metered.days_held is null then 'what the lines of its bill are for'
        when metered.days_held < $days
            then format('bills of {} days, there are {}', $days, metered.days_held)
        when not coalesce(metered.tells_traffic, false) then 'traffic: no line of the bills tells it by firewall'
    end as missing
from marts.resource_now as link
left join marts.metered_traffic as metered
    on link.cloud = metered.cloud and link.resource_id = metered.resource_id and metered.family = 'firewall'
left join marts.resource_run_rate as rate
    on link.cloud = rate.cloud and link.resource_id = rate.resource_id
where
    link.kind = 'firewall'
    and link.cloud = 'aws'
    and link.state = 'active'
    and coalesce(metered.traffic, 0) = 0
    and coalesce(link.age_days >= $days, true)
