-- title: Let database clusters sleep that nobody has connected to for {days} days
-- kind: database
-- verb: configure
-- risk: R5
-- param days: 14
-- param cpu_percent: 10.0
-- harm: The first connection after a pause waits for the cluster to wake.
-- undo: Set its least capacity back.
-- blind: Whether its engine version can sleep, and that the first connection waits until it is awake.
-- evidence: select metric.metric, metric.window_days, metric.hours_measured, metric.coverage, metric.avg,
-- evidence: metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- AWS only: members of Aurora clusters, which idle_database leaves out. No connection to any member of the cluster in
-- 14 days: AWS Compute Optimizer (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html),
-- whose advice is Aurora Serverless, from catalogue DB-09; CPU below 10 % at p95, as Aurora keeps itself busy a little.
-- A class `db.serverless` with a minimum of 0 capacity units pauses without connections and is charged for storage only
-- (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html), so the saving is
-- what the bill charges by the hour. R5: the class of a cluster's member changes by failover, by hand.
with member as (
    select
        base.source,
        base.cloud,
        base.account,
        base.region,
        base.resource_id,
        base.member_of,
        base.sku,
        coalesce(connections.missing, cpu.missing) as lacks,
        coalesce(connections.max, connections.avg) as connections_max,
        cpu.p95_max as cpu_p95
    from marts.resource_now as base
    left join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
    left join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    where
        base.kind = 'database'
        and base.cloud = 'aws'
        and base.state = 'available'
        and base.member_of is not null
        and json_extract_string(base.config, '$.engine') like 'aurora%'
),

cluster as (
    select
        member.source,
        member.cloud,
        member.account,
        member.member_of,
        min(member.lacks) as lacks,
        max(member.connections_max) as connections_max,
        max(member.cpu_p95) as cpu_p95
    from member
    group by all
),

hourly as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month,
        sum(rate.cost_month::double * coalesce(rate.commitment_share, 0)) as committed_month
    from marts.resource_meter_rate as rate
    where rate.part = 'hours'
    group by all
)

select
    member.source,
    member.cloud,
    member.account,
    member.region,
    member.resource_id,
    member.sku as before,
    'db.serverless with a minimum of 0' as after,
    hourly.currency,
    (hourly.cost_month::double - hourly.committed_month)::decimal(38, 18) as saving_month_low,
    hourly.cost_month as saving_month_high,
    if(cluster.lacks is null, format('nobody connected to its cluster in {} days', $days), 'of a cluster')
    || coalesce(format(', costs {:.2f} {} a month by the hour', hourly.cost_month::double, hourly.currency), '')
        as reason,
    case
        when cluster.lacks is not null then cluster.lacks
        when hourly.cost_month is null then 'what its bill charges by the hour'
    end as missing
from member
join cluster using (source, cloud, account, member_of)
left join hourly on member.cloud = hourly.cloud and member.resource_id = hourly.resource_id
where
    member.sku <> 'db.serverless'
    and not coalesce(cluster.connections_max > 0, false)
    and (cluster.lacks is not null or (cluster.connections_max = 0 and cluster.cpu_p95 < $cpu_percent))
