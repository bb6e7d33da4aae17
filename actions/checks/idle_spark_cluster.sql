-- title: End Spark clusters that have had nothing to do for {days} days
-- kind: spark_cluster
-- verb: delete
-- risk: R3
-- param days: 14
-- param idle_share: 0.99
-- blind: Notebooks that somebody keeps open, which EMR does not count as work; data on its disks.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No step and no application for 99 % of the time: EMR's own measure of idleness
-- (https://docs.aws.amazon.com/emr/latest/ManagementGuide/UsingEMR_ViewingMetrics.html). turbot's thrifty mods
-- (emr_cluster_is_idle_30_minutes) call one idle after 30 minutes; 14 days, so that a nightly job is not taken for
-- none. What it costs is EMR's charge and its machines, which the inventory knows by a tag of EMR's. Clusters that end
-- by themselves are left out. No cloud lets the gate end one yet, so a plan with it is refused: it is made by hand.
with machines as (
    select
        spark.source,
        spark.cloud,
        spark.account,
        spark.resource_id,
        rate.currency,
        count(*) as machines,
        sum(rate.cost_month) as cost_month,
        sum(rate.cost_month * (1 - coalesce(rate.commitment_share, 0))) as cost_month_free
    from marts.resource_now as spark
    join marts.resource_now as machine
        on
            machine.kind = 'instance'
            and spark.source = machine.source
            and spark.cloud = machine.cloud
            and spark.account = machine.account
            and spark.resource_id = machine.member_of
    join marts.resource_run_rate as rate
        on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
    where spark.kind = 'spark_cluster'
    group by all
)

select
    spark.source,
    spark.cloud,
    spark.account,
    spark.region,
    spark.resource_id,
    spark.state as before,
    'absent' as after,
    rate.currency,
    (
        rate.cost_month * (1 - coalesce(rate.commitment_share, 0)) + coalesce(machines.cost_month_free, 0)
    )::decimal(38, 18) as saving_month_low,
    (rate.cost_month + coalesce(machines.cost_month, 0))::decimal(38, 18) as saving_month_high,
    if(
        work.missing is null,
        format('nothing to do in {:.1f} % of {} days', 100 * work.avg, $days),
        'a Spark cluster'
    )
    || coalesce(format(' with {} machines', machines.machines), '')
    || coalesce(
        format(
            ', costs {:.2f} {} a month',
            (rate.cost_month + coalesce(machines.cost_month, 0))::double, rate.currency
        ),
        ''
    ) as reason,
    work.missing
from marts.resource_now as spark
join evidence_of('idle_share', $days) as work using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on spark.cloud = rate.cloud and spark.resource_id = rate.resource_id
left join machines
    on
        spark.source = machines.source
        and spark.cloud = machines.cloud
        and spark.account = machines.account
        and spark.resource_id = machines.resource_id
        and rate.currency = machines.currency
where
    spark.kind = 'spark_cluster'
    and spark.state in ('waiting', 'running')
    and json_extract_string(spark.config, '$.ends_by_itself') is distinct from 'true'
    and coalesce(work.avg >= $idle_share, true)
