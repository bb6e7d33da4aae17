-- One row per span of charge, billing month, cluster, workload, cloud, account, service, currency and is_usage: its part of the nodes' bill.
-- `kind` idle is what the nodes have and no workload takes. The parts of a row of nodes add up to its bill exactly.
-- Hours are those of the workload; they stand again in each account, service, currency and is_usage of its nodes' bill.
-- group: kubernetes
with billed as (
    select
        node.day,
        node.days,
        node.month,
        node.cloud,
        node.account,
        node.service,
        node.currency,
        node.is_usage,
        node.source,
        node.cluster,
        sum(node.cores_cost) as cores_cost,
        sum(node.memory_cost) as memory_cost
    from marts.kubernetes_node_cost as node
    where node.is_split
    group by all
),

span as (
    select distinct
        billed.source,
        billed.cluster,
        billed.day,
        billed.days
    from billed
),

capacity as (
    select
        span.*,
        sum(had.core_hours) as core_hours,
        sum(had.gib_hours) as gib_hours
    from span
    join marts.kubernetes_capacity_daily as had
        on
            span.source = had.source
            and span.cluster = had.cluster
            and span.day <= had.day
            and had.day < span.day + span.days::integer
    group by all
),

took as (
    select
        span.source,
        span.cluster,
        span.day,
        span.days,
        use.namespace,
        use.workload,
        max_by(use.labels, use.day) as labels,
        sum(use.core_hours_requested) as core_hours_requested,
        sum(use.core_hours_used) as core_hours_used,
        sum(use.core_hours) as core_hours,
        sum(use.gib_hours_requested) as gib_hours_requested,
        sum(use.gib_hours_used) as gib_hours_used,
        sum(use.gib_hours) as gib_hours,
        bool_or(use.is_before_first_look) as is_before_first_look
    from span
    join marts.kubernetes_use_daily as use
        on
            span.source = use.source
            and span.cluster = use.cluster
            and span.day <= use.day
            and use.day < span.day + span.days::integer
    group by all
),

-- Workloads that together take more than the nodes have share all of it.
weighed as (
    select
        took.*,
        'workload' as kind,
        round(
            1e15 * took.core_hours
            / nullif(greatest(coalesce(capacity.core_hours, 0), sum(took.core_hours) over cluster_span), 0)
        )::hugeint as cores_weight,
        round(
            1e15 * took.gib_hours
            / nullif(greatest(coalesce(capacity.gib_hours, 0), sum(took.gib_hours) over cluster_span), 0)
        )::hugeint as memory_weight
    from took
    left join capacity using (source, cluster, day, days)
    window cluster_span as (partition by took.source, took.cluster, took.day, took.days)
),

idle as (
    select
        weighed.source,
        weighed.cluster,
        weighed.day,
        weighed.days,
        null::varchar as namespace,
        null::varchar as workload,
        null::varchar as labels,
        null::double as core_hours_requested,
        null::double as core_hours_used,
        greatest(any_value(capacity.core_hours) - sum(weighed.core_hours), 0) as core_hours,
        null::double as gib_hours_requested,
        null::double as gib_hours_used,
        greatest(any_value(capacity.gib_hours) - sum(weighed.gib_hours), 0) as gib_hours,
        bool_or(weighed.is_before_first_look) as is_before_first_look,
        'idle' as kind,
        greatest(1000000000000000 - sum(coalesce(weighed.cores_weight, 0)), 0)::hugeint as cores_weight,
        greatest(1000000000000000 - sum(coalesce(weighed.memory_weight, 0)), 0)::hugeint as memory_weight
    from weighed
    left join capacity using (source, cluster, day, days)
    group by all
),

part as (
    select * from weighed
    union all by name
    select * from idle
),

shared as (
    select
        billed.*,
        part.* exclude (source, cluster, day, days, cores_weight, memory_weight),
        coalesce(part.cores_weight, 0) as cores_weight,
        coalesce(part.memory_weight, 0) as memory_weight,
        sum(coalesce(part.cores_weight, 0)) over bill as cores_total,
        sum(coalesce(part.memory_weight, 0)) over bill as memory_total,
        abs(money_units(billed.cores_cost)) as cores_units,
        abs(money_units(billed.memory_cost)) as memory_units
    from billed
    join part using (source, cluster, day, days)
    window bill as (
        partition by
            billed.day, billed.days, billed.month, billed.cloud, billed.account, billed.service, billed.currency,
            billed.is_usage, billed.source, billed.cluster
    )
),

-- Each gets the whole units below its share; the units that are left go to the largest rests.
divided as (
    select
        shared.*,
        whole_share(shared.cores_units, shared.cores_weight, shared.cores_total::hugeint) as cores_whole,
        share_left(shared.cores_units, shared.cores_weight, shared.cores_total::hugeint) as cores_left,
        whole_share(shared.memory_units, shared.memory_weight, shared.memory_total::hugeint) as memory_whole,
        share_left(shared.memory_units, shared.memory_weight, shared.memory_total::hugeint) as memory_left
    from shared
),

paid as (
    select
        divided.*,
        divided.cores_units - sum(divided.cores_whole) over bill as cores_over,
        divided.memory_units - sum(divided.memory_whole) over bill as memory_over,
        row_number()
            over (bill order by divided.cores_left desc, divided.kind desc, divided.workload asc)
            as cores_rank,
        row_number()
            over (bill order by divided.memory_left desc, divided.kind desc, divided.workload asc)
            as memory_rank
    from divided
    window bill as (
        partition by
            divided.day, divided.days, divided.month, divided.cloud, divided.account, divided.service, divided.currency,
            divided.is_usage, divided.source, divided.cluster
    )
),

summed as (
    select
        paid.day,
        paid.days,
        paid.month,
        paid.source,
        paid.cluster,
        paid.kind,
        paid.namespace,
        paid.workload,
        paid.cloud,
        paid.account,
        paid.service,
        paid.currency,
        paid.is_usage,
        any_value(paid.labels) as labels,
        sum(
            units_money(sign(paid.cores_cost)::hugeint * (paid.cores_whole + (paid.cores_rank <= paid.cores_over)::int))
        ) as cores_cost,
        sum(
            units_money(
                sign(paid.memory_cost)::hugeint * (paid.memory_whole + (paid.memory_rank <= paid.memory_over)::int)
            )
        ) as memory_cost,
        max(paid.core_hours_requested) as core_hours_requested,
        max(paid.core_hours_used) as core_hours_used,
        max(paid.core_hours) as core_hours,
        max(paid.gib_hours_requested) as gib_hours_requested,
        max(paid.gib_hours_used) as gib_hours_used,
        max(paid.gib_hours) as gib_hours,
        bool_or(paid.is_before_first_look) as is_before_first_look
    from paid
    group by all
)

select
    summed.day, -- on which the charge begins
    summed.days, -- that the charge covers
    summed.month,
    summed.source,
    summed.cluster,
    summed.kind, -- workload, idle
    summed.namespace,
    summed.workload,
    summed.cloud, -- of the nodes
    summed.account,
    summed.service,
    summed.currency,
    summed.is_usage, -- false = a refund, a credit or a fee, which is no rate
    summed.labels, -- JSON object
    summed.cores_cost,
    summed.memory_cost,
    summed.cores_cost + summed.memory_cost as cost,
    summed.core_hours_requested,
    summed.core_hours_used, -- null = not measured
    summed.core_hours, -- the larger of both, hour by hour
    summed.gib_hours_requested,
    summed.gib_hours_used,
    summed.gib_hours,
    summed.is_before_first_look -- it counts as it looked when it was read first
from summed
