-- title: Give machines room that are at their limit
-- kind: instance
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param cpu_percent: 80.0
-- param hours_share: 0.05
-- param memory_percent: 90.0
-- blind: Whether anybody waits: a batch machine may be busy on purpose. Network and disk limits.
-- evidence: select metric.metric, metric.window_days, metric.hours_measured, metric.coverage, metric.avg,
-- evidence: metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- CPU above 80 % in more than 5 % of the hours, or memory above 90 % at its highest in the last 14 days: catalogue
-- CMP-04; microsoft/finops-toolkit's optimisation engine calls 90 % of memory degraded
-- (https://github.com/microsoft/finops-toolkit/tree/dev/src/optimization-engine). Of an hour counts its 95th percentile
-- where the cloud gives one (AWS), else its average. Members of scaling groups are left out: their group scales.
-- Machines whose CPU is not measured are named by the checks on idle and oversized machines.
with hours as (
    select
        metric.cloud,
        metric.account,
        metric.resource_id,
        count_if(coalesce(metric.p95, metric.avg) > $cpu_percent) / count(*) as share_over
    from raw.metric as metric
    where
        metric.metric = 'cpu_percent'
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    machine.sku as before,
    'more room' as after,
    concat_ws(
        ' and ',
        if(
            hours.share_over > $hours_share,
            format('CPU above {:.0f} % in {:.0f} % of the hours', $cpu_percent, 100 * hours.share_over),
            null
        ),
        if(memory.max > $memory_percent, format('memory at {:.0f} %', memory.max), null)
    )
    || format(' of {} days', $days) as reason
from marts.resource_now as machine
join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
left join evidence_of('memory_percent', $days) as memory
    on
        machine.source = memory.source
        and machine.cloud = memory.cloud
        and machine.account = memory.account
        and machine.resource_id = memory.resource_id
        and memory.missing is null
left join hours
    on
        machine.cloud = hours.cloud
        and machine.account = hours.account
        and machine.resource_id = hours.resource_id
where
    machine.kind = 'instance'
    and machine.state = 'running'
    and (machine.member_of is null or machine.cloud = 'onprem')
    and cpu.missing is null
    and (hours.share_over > $hours_share or coalesce(memory.max > $memory_percent, false))
