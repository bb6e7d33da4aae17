-- title: Pause warehouses in the hours in which nobody uses them
-- kind: warehouse
-- verb: configure
-- risk: R5
-- param days: 14
-- param least_share: 0.25
-- param cpu_percent: 5.0
-- harm: Who comes at unusual hours waits until it has resumed, or is refused.
-- undo: Take the schedule away.
-- blind: Loads that run without a connection; how long it takes to resume.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No schedule pauses it: turbot's thrifty mods (redshift_cluster_schedule_pause_resume_enabled,
-- https://hub.steampipe.io/mods/turbot/aws_thrifty). Money is claimed only for hours of the week that were idle in both
-- of the last 14 days' weeks, without a connection and with a CPU below 5 %, and only if they are a quarter or more of
-- the week. While it is paused the nodes are not billed, its storage is
-- (https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-pause-resume-cluster.html), so the bill's lines of nodes are
-- what is shared out; the low end is half of it, as a pause takes whole blocks of hours. R5: made by hand.
with nodes as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) filter (
            where regexp_matches(concat_ws(' ', meter.meter, meter.description), 'Node:|per Redshift', 'i')
        )::double
        / nullif(sum(meter.cost_month), 0)::double as share
    from marts.resource_meter_rate as meter
    group by all
),

hour_of_week as (
    select
        metric.source,
        metric.cloud,
        metric.account,
        metric.resource_id,
        dayofweek(metric.hour) * 24 + hour(metric.hour) as hour_number,
        max(metric.max) filter (where metric.metric = 'connections') as connections,
        max(metric.max) filter (where metric.metric = 'cpu_percent') as cpu,
        least(
            count(metric.max) filter (where metric.metric = 'connections'),
            count(metric.max) filter (where metric.metric = 'cpu_percent')
        ) as weeks
    from raw.metric as metric
    join marts.resource_now as base using (source, cloud, account, resource_id)
    where
        base.kind = 'warehouse'
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
),

idle as (
    select
        hour_of_week.source,
        hour_of_week.cloud,
        hour_of_week.account,
        hour_of_week.resource_id,
        count(*) filter (
            where
            hour_of_week.connections = 0
            and hour_of_week.cpu < $cpu_percent
            and hour_of_week.weeks >= floor($days / 7)
        ) as idle_hours
    from hour_of_week
    group by all
),

judged as (
    select
        base.*,
        coalesce(connections.missing, cpu.missing) as lacks,
        idle.idle_hours
    from marts.resource_now as base
    join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    left join idle
        on
            base.source = idle.source
            and base.cloud = idle.cloud
            and base.account = idle.account
            and base.resource_id = idle.resource_id
    where
        base.kind = 'warehouse'
        and base.cloud = 'aws'
        and base.state = 'available'
        and json_extract_string(base.config, '$.pauses') is distinct from 'true'
        -- One that is never used is another check's (idle_warehouse).
        and not coalesce(connections.max = 0, false)
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    'always on' as before,
    'paused when nobody uses it' as after,
    rate.currency,
    (
        rate.cost_month * nodes.share * judged.idle_hours / 168 * 0.5 * (1 - coalesce(rate.commitment_share, 0))
    )::decimal(38, 18) as saving_month_low,
    (rate.cost_month * nodes.share * judged.idle_hours / 168)::decimal(38, 18) as saving_month_high,
    'no schedule pauses it'
    || if(judged.lacks is null, format(', idle in {} of 168 hours of the week', judged.idle_hours), '')
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(
        judged.lacks,
        if(json_extract_string(judged.config, '$.pauses') is null, 'whether a schedule pauses it', null),
        if(rate.cost_month is not null and nodes.share is null, 'what its nodes cost apart from its storage', null)
    ) as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
left join nodes
    on rate.cloud = nodes.cloud and rate.resource_id = nodes.resource_id and rate.currency = nodes.currency
where judged.lacks is not null or judged.idle_hours >= 168 * $least_share
