-- title: Let services of containers follow their load
-- kind: container_service
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param swing: 2.0
-- param least_percent: 20
-- blind: Services that a schedule of the company's own scales.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- On Fargate and nothing scales it: turbot's thrifty mods (ecs_service_without_autoscaling,
-- https://hub.steampipe.io/mods/turbot/aws_thrifty), here only where its load swings: the CPU of one hour in twenty is
-- twice the average or more, and above 20 %, so that fewer tasks would do most of the time, or more be needed at times.
-- Each task is paid by the second, but the bill does not name its service, so no saving is claimed.
select
    fleet.source,
    fleet.cloud,
    fleet.account,
    fleet.region,
    fleet.resource_id,
    coalesce(json_extract_string(fleet.config, '$.tasks'), 'some') || ' tasks at all times' as before,
    'as many as it needs' as after,
    'nothing scales it'
    || if(
        cpu.missing is null,
        format(', CPU {:.0f} % on average and {:.0f} % in one hour of twenty', cpu.avg, cpu.p95_max),
        ''
    ) as reason,
    coalesce(
        cpu.missing,
        if(json_extract_string(fleet.config, '$.autoscaling') is null, 'whether something scales it', null)
    ) as missing
from marts.resource_now as fleet
join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
where
    fleet.kind = 'container_service'
    and fleet.state = 'active'
    and starts_with(fleet.sku, 'fargate')
    and json_extract_string(fleet.config, '$.scheduling') is distinct from 'daemon'
    and coalesce(json_extract_string(fleet.config, '$.autoscaling') = 'false', true)
    and coalesce(json_extract_string(fleet.config, '$.tasks') <> '0', true)
    and coalesce(cpu.p95_max >= $swing * cpu.avg and cpu.p95_max >= $least_percent, true)
