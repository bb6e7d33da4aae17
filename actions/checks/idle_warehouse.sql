-- title: Pause or delete warehouses that nobody has connected to for {days} days
-- kind: warehouse
-- verb: delete
-- risk: R3
-- param days: 14
-- param cpu_percent: 5.0
-- blind: Queries through the data API that open and close a connection between two samples.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- AWS Trusted Advisor calls a Redshift cluster idle without connections in 7 days, or with a CPU below 5 % in 99 % of
-- them (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). Both have to hold here, over
-- 14 days, as we read them: p99 of the hourly maximum. Pausing is the milder change and keeps its storage billed; a
-- delete takes a last snapshot. No cloud lets the gate do either yet, so a plan with it is refused: it is made by hand.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    base.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        coalesce(connections.missing, cpu.missing) is null,
        format('no connection in {} days, CPU below {:.1f} % in 99 % of the hours', $days, cpu.p99_max),
        'a warehouse'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(connections.missing, cpu.missing) as missing
from marts.resource_now as base
join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on base.cloud = rate.cloud and base.resource_id = rate.resource_id
where
    base.kind = 'warehouse'
    and base.cloud = 'aws'
    and base.state = 'available'
    and not coalesce(connections.max > 0, false)
    and not coalesce(cpu.p99_max >= $cpu_percent, false)
