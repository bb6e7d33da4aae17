-- title: Run Spanner on as many nodes as its peaks need
-- kind: spanner
-- verb: configure
-- risk: R5
-- param days: 14
-- param cpu_percent: 35.0
-- param wanted_cpu_percent: 65.0
-- param wanted_cpu_percent_several: 45.0
-- param wanted_storage_percent: 80.0
-- harm: Peaks beyond those that were measured answer more slowly.
-- undo: Add the nodes again; that takes minutes.
-- blind: Batches that are due once a month.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- Two nodes or more: Cloud Custodian's example (https://cloudcustodian.io/docs/gcp/examples/); CPU below 35 % is our
-- rule, from catalogue DB-23. What is left has to carry the peaks at Google's limits
-- (https://cloud.google.com/spanner/docs/cpu-utilization), 65 % of its CPU in one region and 45 % in several, and 80
-- % of its storage. Instances that scale themselves are left out. The high end is the part of the bill that the nodes
-- take which go, without its lines of storage and backups; the low end is zero, as not every bill tells those apart. R5: the gate has no verb for
-- nodes.
with measured as (
    select
        base.*,
        try_cast(json_extract_string(base.config, '$.processing_units') as double) as units,
        coalesce(cpu.missing, storage.missing) as lacks,
        cpu.p95_max as cpu_p95,
        -- What the peaks of CPU and of storage need, in whole nodes.
        if(lacks is not null, null, greatest(
            1000 * ceil(
                units * cpu.p95_max
                / if(base.sku like 'regional-%', $wanted_cpu_percent, $wanted_cpu_percent_several) / 1000
            ),
            1000 * ceil(units * storage.max / $wanted_storage_percent / 1000),
            1000
        )) as needed
    from marts.resource_now as base
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('storage_percent', $days) as storage using (source, cloud, account, resource_id)
    where
        base.kind = 'spanner'
        and json_extract_string(base.config, '$.autoscaling') = 'false'
        and json_extract_string(base.config, '$.free') is null
),

stored as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) as cost_month
    from marts.resource_meter_rate as meter
    where meter.part = 'storage'
    group by all
)

select
    measured.source,
    measured.cloud,
    measured.account,
    measured.region,
    measured.resource_id,
    format('{:.0f} nodes', measured.units / 1000) as before,
    coalesce(format('{:.0f} node(s)', measured.needed / 1000), 'fewer nodes') as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    (
        greatest(uncommitted(rate.cost_month, rate.commitment_share) - coalesce(stored.cost_month, 0), 0)
        * (1 - measured.needed / measured.units)
    )::decimal(38, 18) as saving_month_high,
    coalesce(
        format(
            'in {} days CPU below {:.1f} % of {:.0f} nodes in 95 % of the hours',
            $days, measured.cpu_p95, measured.units / 1000
        ),
        format('{:.0f} nodes', measured.units / 1000)
    )
    || costs(rate.cost_month, rate.currency) as reason,
    measured.lacks as missing
from measured
left join marts.resource_run_rate as rate
    on measured.cloud = rate.cloud and measured.resource_id = rate.resource_id
left join stored
    on rate.cloud = stored.cloud and rate.resource_id = stored.resource_id and rate.currency = stored.currency
where
    measured.units >= 2000
    and (measured.lacks is not null or (measured.cpu_p95 < $cpu_percent and measured.needed < measured.units))
