-- title: Move databases from provisioned IOPS to gp3, which carries what they use
-- kind: database
-- verb: configure
-- risk: R5
-- param days: 14
-- param gp3_iops: 3000
-- param used_percent: 80.0
-- harm: Bursts beyond those that were measured have to wait.
-- undo: Provision the IOPS again; AWS lets a volume be changed again after six hours only.
-- blind: Latency, which gp3 promises less of, throughput, and a peak that comes less than once in 14 days.
-- evidence: select metric.metric, metric.window_days, metric.hours_measured, metric.coverage, metric.avg,
-- evidence: metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- RDS storage of type gp3 has 3,000 IOPS in its price, 12,000 from 400 GiB on for most engines
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html); io1 and io2 are billed by the IOPS. Whose
-- reads and writes stay at 80 % of 3,000 at p99 of the hourly maximum needs none of them: the headroom of AWS Compute
-- Optimizer (https://docs.aws.amazon.com/compute-optimizer/latest/APIReference/API_UtilizationPreference.html), from
-- catalogue DB-07. The saving is what the bill charges for IOPS; that a GiB costs a little less, too, is not counted.
-- The type changes online, but is slow for hours. R5: the gate has no verb that changes the storage of a database.
with billed as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month
    from marts.resource_meter_rate as rate
    where rate.part = 'iops'
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    json_extract_string(base.config, '$.storage') as before,
    'gp3' as after,
    billed.currency,
    billed.cost_month as saving_month_low,
    billed.cost_month as saving_month_high,
    'storage of type ' || json_extract_string(base.config, '$.storage')
    || coalesce(format(' used {:.0f} IOPS in 99 % of the hours', operations.p99_max), '')
    || coalesce(format('; IOPS cost {:.2f} {} a month', billed.cost_month::double, billed.currency), '') as reason,
    case
        when operations.missing is not null then operations.missing
        when billed.cost_month is null then 'what its bill charges for IOPS'
    end as missing
from marts.resource_now as base
join evidence_of('disk_ops_s', $days) as operations using (source, cloud, account, resource_id)
left join billed on base.cloud = billed.cloud and base.resource_id = billed.resource_id
where
    base.kind = 'database'
    and base.cloud = 'aws'
    and base.state = 'available'
    and json_extract_string(base.config, '$.storage') in ('io1', 'io2')
    and coalesce(operations.p99_max <= $gp3_iops * $used_percent / 100, true)
