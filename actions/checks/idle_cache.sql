-- title: Delete caches that nobody has asked for {days} days
-- kind: cache
-- verb: delete
-- risk: R3
-- param days: 14
-- param cpu_percent: 1.0
-- blind: A cache that waits for a disaster; of a replication group each node is judged by itself.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No command that reads or writes, and the engine's CPU below 1 % on average: AWS Compute Optimizer's rule for idle
-- caches, on which it looks at gets, sets, hits and misses
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). Commands are measured of Redis and
-- Valkey; of Memcached they are not, and there the row says so. Replicas, which answer no writes and may get no reads,
-- are left out: a group goes as a whole, so its nodes count only if all of them are idle. No cloud lets the gate delete
-- one yet, so a plan with it is refused: it is made by hand, after a last snapshot.
with judged as (
    select
        base.*,
        coalesce(commands.missing, cpu.missing) as lacks,
        coalesce(commands.max > 0 or cpu.avg >= $cpu_percent, false) as is_used,
        cpu.avg as cpu_avg
    from marts.resource_now as base
    join evidence_of('commands_s', $days) as commands using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    where base.kind = 'cache'
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
    if(
        judged.lacks is null,
        format('no command in {} days, CPU {:.2f} % on average', $days, judged.cpu_avg),
        'a cache of ' || coalesce(json_extract_string(judged.config, '$.engine'), 'an unknown engine')
    )
    || costs(rate.cost_month, rate.currency) as reason,
    judged.lacks as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
where
    judged.state = 'available'
    and not judged.is_used
    and not exists (
        select 1
        from judged as sibling
        where
            judged.source = sibling.source
            and judged.account = sibling.account
            and judged.region = sibling.region
            and json_extract_string(judged.config, '$.group') = json_extract_string(sibling.config, '$.group')
            and (sibling.is_used or sibling.lacks is distinct from judged.lacks)
    )
