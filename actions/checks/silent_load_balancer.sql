-- title: Delete load balancers that carry next to nothing
-- kind: load_balancer
-- verb: delete
-- risk: R5
-- param days: 14
-- param requests_a_day: 100
-- param connections_of_unit: 90000
-- blind: A way in that is kept for a disaster, or is wanted once a quarter.
-- evidence: select meter.unit, meter.meter, meter.description, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.sku, resource.state, resource.age_days, resource.config, resource.tags from marts.resource_now as
-- evidence: resource left join marts.resource_meter_rate as meter using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.resource_id = {resource_id}
--
-- Fewer than 100 requests a day: AWS Trusted Advisor's idle load balancers
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html), over 14 days. On AWS the bill
-- counts capacity units by the hour, each of 25 new connections a second
-- (https://aws.amazon.com/elasticloadbalancing/pricing/), 90,000 an hour: as many as 100 connections a day need is the
-- most, of the days of the bill (14). CloudWatch has no measurement of a balancer that carries nothing, which is why
-- the bill is asked. On Azure the measured bytes are zero. Balancers without a target are another check's
-- (idle_load_balancer). An account whose bill names no capacity units of any balancer says so. Google Cloud and
-- DigitalOcean tell neither. R5: somebody has to know what it is for.
with metered as (
    select
        rate.cloud,
        rate.resource_id,
        sum(rate.quantity) filter (where regexp_matches(rate.unit, 'lcu', 'i')) as units
    from marts.resource_meter_rate as rate
    semi join marts.resource_now as balancer
        on
            rate.cloud = balancer.cloud
            and rate.resource_id = balancer.resource_id
            and balancer.kind = 'load_balancer'
            and balancer.cloud = 'aws'
    group by all
),

telling as (
    select distinct balancer.source
    from metered
    join marts.resource_now as balancer using (cloud, resource_id)
    where metered.units is not null and balancer.kind = 'load_balancer'
),

judged as (
    select
        balancer.*,
        coalesce(metered.units, 0) as units,
        balancer.source in (select telling.source from telling) as is_told,
        bytes.missing as bytes_missing,
        bytes.avg as bytes_avg
    from marts.resource_now as balancer
    left join metered using (cloud, resource_id)
    left join evidence_of('network_bytes_s', $days) as bytes using (source, cloud, account, resource_id)
    where
        balancer.kind = 'load_balancer'
        and balancer.age_days >= $days
        and coalesce(json_extract_string(balancer.config, '$.targets') <> '0', false)
        and (
            balancer.cloud = 'azure'
            or (balancer.cloud = 'aws' and balancer.sku in ('application', 'network', 'gateway'))
        )
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
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    case
        when judged.cloud = 'aws' and judged.is_told
            then format('{:.4f} capacity units in {} days', judged.units, rate.until - rate.first_day)
        when judged.bytes_avg = 0 then format('not a byte in {} days', $days)
        else 'has targets'
    end
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when judged.cloud = 'aws' and not judged.is_told then 'its capacity units: the bill names none of any balancer'
        when judged.cloud = 'aws' and rate.until - rate.first_day < 14
            then format('bills of 14 days, there are {}', rate.until - rate.first_day)
        when judged.cloud = 'azure' then judged.bytes_missing
    end as missing
from judged
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    (
        judged.cloud = 'aws'
        and (
            not judged.is_told
            or (
                rate.cost_month is not null
                and judged.units <= $requests_a_day::double / $connections_of_unit * (rate.until - rate.first_day)
            )
        )
    )
    or (judged.cloud = 'azure' and (judged.bytes_missing is not null or judged.bytes_avg = 0))
