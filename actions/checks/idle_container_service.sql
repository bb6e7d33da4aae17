-- title: Scale services of containers to zero that have done nothing for {days} days
-- kind: container_service
-- verb: review
-- risk: R0
-- about: governance
-- param days: 14
-- param percent: 1.0
-- blind: What it costs: AWS bills tasks, which come and go, and not the service.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- CPU and memory below 1 % at their peak in 14 days: AWS Compute Optimizer
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). No saving is claimed, as a bill names
-- tasks and machines and not the service.
select
    fleet.source,
    fleet.cloud,
    fleet.account,
    fleet.region,
    fleet.resource_id,
    coalesce(json_extract_string(fleet.config, '$.tasks'), 'some') || ' tasks' as before,
    'no task' as after,
    if(
        coalesce(cpu.missing, memory.missing) is null,
        format('CPU at most {:.2f} % and memory at most {:.2f} % in {} days', cpu.max, memory.max, $days),
        'a service'
    ) as reason,
    coalesce(cpu.missing, memory.missing) as missing
from marts.resource_now as fleet
join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
where
    fleet.kind = 'container_service'
    and fleet.state = 'active'
    and coalesce(json_extract_string(fleet.config, '$.tasks') <> '0', true)
    and not coalesce(cpu.max >= $percent, false)
    and not coalesce(memory.max >= $percent, false)
