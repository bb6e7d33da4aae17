-- One row per day and Kubernetes cluster with nodes: the core and GiB hours they had.
-- group: kubernetes
with look as (
    select
        span.*,
        unnest(generate_series(span.begins_at::date, span.ends_at::date, interval 1 day))::date as day,
        greatest(
            date_diff('second', greatest(span.begins_at, day::timestamp), least(span.ends_at, day + interval 1 day)), 0
        )
        / 3600 as hours
    from marts.kubernetes_look as span
    where span.kind = 'node'
)

select
    look.day,
    look.source,
    look.cluster,
    sum(look.hours * look.cores) as core_hours,
    sum(look.hours * look.memory_gib) as gib_hours
from look
where look.hours > 0
group by all
