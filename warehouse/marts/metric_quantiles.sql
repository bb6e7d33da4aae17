-- One row per cloud, account, resource, metric and window of days before as_of in which it was measured at least once.
-- Quantiles are those of the hourly maximum. A metric nobody measured has no row: a gap is not zero.
-- group: usage
with span as (
    select
        date_trunc('hour', getvariable('as_of')) - to_days(days.window_days) as starts_at,
        days.window_days
    from (values (14), (32)) as days (window_days)
),

reading as (
    select
        scope.source,
        date_trunc('hour', max(scope.until)) as until
    from raw.read as scope
    where scope.what = 'metrics' and scope.failed is null
    group by all
),

expected as (
    select
        resource.cloud,
        resource.account,
        resource.resource_id,
        min(resource.created_at) as created_at,
        max(reading.until) as until
    from marts.resource_now as resource
    left join reading using (source)
    group by all
),

measured as (
    select
        metric.cloud,
        metric.account,
        metric.resource_id,
        metric.metric,
        span.window_days,
        span.starts_at,
        -- Two sources may measure it; to count distinct hours takes three times as long.
        bit_count(bitstring_agg(date_diff('hour', span.starts_at, metric.hour), 0, 32 * 24)) as hours_measured,
        avg(metric.avg) as avg,
        quantile_cont(metric.max, [0.5, 0.95, 0.97, 0.99]) as quantiles,
        max(metric.max) as max,
        min(metric.hour) as first_hour,
        max(metric.hour) as last_hour
    from raw.metric as metric
    join span on metric.hour >= span.starts_at
    where metric.hour < getvariable('as_of')
    group by all
)

select
    measured.cloud,
    measured.account,
    measured.resource_id,
    measured.metric,
    measured.window_days,
    -- Hours the resource existed in the window, up to where metrics have been read.
    date_diff(
        'hour',
        greatest(measured.starts_at, date_trunc('hour', expected.created_at)),
        coalesce(expected.until, date_trunc('hour', getvariable('as_of')))
    ) as hours_expected,
    measured.hours_measured,
    least(measured.hours_measured / nullif(hours_expected, 0), 1.0) as coverage,
    measured.avg,
    measured.quantiles[1] as p50_max,
    measured.quantiles[2] as p95_max,
    measured.quantiles[3] as p97_max,
    measured.quantiles[4] as p99_max,
    measured.max,
    measured.first_hour,
    measured.last_hour
from measured
left join expected using (cloud, account, resource_id)
