-- One row per day, Kubernetes cluster and workload that ran: the core and GiB hours it took.
-- What it takes in an hour is the larger of what it asks for and what it is measured to use; an hour that was not
-- measured counts as asked for.
-- group: kubernetes
with look as (
    select
        span.*,
        unnest(generate_series(span.begins_at::date, span.ends_at::date, interval 1 day))::date as day,
        greatest(
            date_diff('second', greatest(span.begins_at, day::timestamp), least(span.ends_at, day + interval 1 day)), 0
        )
        / 3600 * span.replicas as hours -- of all replicas
    from marts.kubernetes_look as span
),

asked as (
    select
        look.day,
        look.source,
        look.cluster,
        look.resource_id,
        max_by(look.namespace, look.ends_at) as namespace,
        max_by(look.labels, look.ends_at) as labels,
        sum(look.hours * coalesce(look.cores, 0)) as core_hours_requested,
        sum(look.hours * coalesce(look.memory_gib, 0)) as gib_hours_requested,
        bool_or(look.begins_at < look.read_from and look.day < look.read_from::date) as is_before_first_look
    from look
    where look.kind = 'workload' and look.hours > 0
    group by all
),

measured as (
    select
        metric.hour::date as day,
        span.source,
        span.cluster,
        span.resource_id,
        sum(metric.avg * span.replicas) filter (where metric.metric = 'cpu_cores') as core_hours_used,
        sum(metric.avg * span.replicas) filter (where metric.metric = 'memory_gib') as gib_hours_used,
        sum(greatest(metric.avg - coalesce(span.cores, 0), 0) * span.replicas)
        filter (where metric.metric = 'cpu_cores') as core_hours_above,
        sum(greatest(metric.avg - coalesce(span.memory_gib, 0), 0) * span.replicas)
        filter (where metric.metric = 'memory_gib') as gib_hours_above,
        count(*) filter (where metric.metric = 'cpu_cores') as hours_measured
    from raw.metric as metric
    join marts.kubernetes_look as span
        on
            metric.source = span.source
            and metric.account = span.cluster
            and metric.resource_id = span.resource_id
            and metric.hour >= span.begins_at
            and metric.hour < span.ends_at
    where metric.cloud = 'kubernetes' and span.kind = 'workload'
    group by all
)

select
    asked.day,
    asked.source,
    asked.cluster,
    asked.namespace,
    asked.resource_id as workload,
    asked.labels,
    asked.core_hours_requested,
    measured.core_hours_used, -- null = not measured
    asked.core_hours_requested + coalesce(measured.core_hours_above, 0) as core_hours,
    asked.gib_hours_requested,
    measured.gib_hours_used,
    asked.gib_hours_requested + coalesce(measured.gib_hours_above, 0) as gib_hours,
    coalesce(measured.hours_measured, 0) as hours_measured, -- of the day's 24
    asked.is_before_first_look -- it counts as it looked when it was read first
from asked
left join measured using (day, source, cluster, resource_id)
