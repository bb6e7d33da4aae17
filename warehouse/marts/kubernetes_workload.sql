-- One row per workload of a Kubernetes cluster that exists now and currency: what its requests cost a month, and what it used in 14 days.
-- Costs are those of the last 14 complete days of its nodes' bill, of a charge of several days those of them; a month is
-- 30.4375 days, and a refund, a credit or a fee is no rate. Days before it asked for what it asks for now are not
-- counted: they cost something else. Use is that of the busiest replica. Autoscalers are told by what they measure.
-- group: kubernetes
with complete as (
    select
        cost.source,
        cost.cluster,
        min(known.until) as until
    from marts.kubernetes_cost_daily as cost
    join marts.sub_account_billed_until as known using (cloud, account)
    group by all
),

resized as (
    select
        past.source,
        past.cluster,
        past.resource_id as workload,
        max(past.ends_at)::date as day
    from marts.kubernetes_look as past
    join marts.resource_now as workload
        on
            past.source = workload.source
            and past.cluster = workload.account
            and past.resource_id = workload.resource_id
            and workload.kind = 'workload'
            and workload.cloud = 'kubernetes'
    where
        past.kind = 'workload'
        and (
            past.cores is distinct from json_extract_string(workload.config, '$.cpu_request')::double
            or past.memory_gib is distinct from json_extract_string(workload.config, '$.memory_request_gib')::double
        )
    group by all
),

charged as (
    select
        cost.*,
        complete.until,
        greatest(cost.day, complete.until - 14, resized.day + 1) as first_day,
        least(cost.day + cost.days::integer, complete.until) as end_day,
        (end_day - first_day) / cost.days as share
    from marts.kubernetes_cost_daily as cost
    join complete using (source, cluster)
    left join resized using (source, cluster, workload)
    where cost.kind = 'workload' and cost.is_usage and end_day > first_day
),

paid as (
    select
        charged.source,
        charged.cluster,
        charged.workload,
        charged.currency,
        sum(charged.cores_cost::double * charged.share) as cores_cost,
        sum(charged.memory_cost::double * charged.share) as memory_cost,
        any_value(charged.until) - min(charged.first_day) as days
    from charged
    group by all
),

used as (
    select
        metric.source,
        metric.account as cluster,
        metric.resource_id as workload,
        count(*) filter (where metric.metric = 'cpu_cores') as cpu_hours,
        quantile_cont(metric.max, 0.95) filter (where metric.metric = 'cpu_cores') as cpu_p95_max,
        max(metric.max) filter (where metric.metric = 'cpu_cores') as cpu_max,
        count(*) filter (where metric.metric = 'memory_gib') as memory_hours,
        max(metric.max) filter (where metric.metric = 'memory_gib') as memory_max
    from raw.metric as metric
    where
        metric.cloud = 'kubernetes'
        and metric.hour >= date_trunc('hour', getvariable('as_of')) - interval 14 day
        and metric.hour < getvariable('as_of')
    group by all
),

scaled as (
    select
        autoscaler.source,
        autoscaler.account as cluster,
        autoscaler.attached_to as workload,
        string_agg(json_extract_string(autoscaler.config, '$.metrics'), ',') as scaled_by
    from marts.resource_now as autoscaler
    where autoscaler.kind = 'hpa' and autoscaler.cloud = 'kubernetes'
    group by all
)

select
    workload.source,
    workload.account as cluster,
    workload.region,
    workload.resource_id as workload,
    workload.name,
    workload.state,
    workload.age_days,
    json_extract_string(workload.config, '$.namespace') as namespace,
    json_extract_string(workload.config, '$.object') as object, -- deployment, statefulset, daemonset
    json_extract_string(workload.config, '$.replicas')::double as replicas,
    json_extract_string(workload.config, '$.cpu_request')::double as cpu_request, -- cores of one replica
    json_extract_string(workload.config, '$.memory_request_gib')::double as memory_request, -- GiB of one replica
    scaled.scaled_by, -- what its autoscalers look at: cpu, memory, ...; null = no autoscaler
    paid.currency, -- null = its nodes have no bill
    (paid.cores_cost / paid.days * 30.4375)::decimal(38, 18) as cores_cost_month,
    (paid.memory_cost / paid.days * 30.4375)::decimal(38, 18) as memory_cost_month,
    coalesce(used.cpu_hours, 0) as cpu_hours, -- measured, of 336
    used.cpu_p95_max, -- cores; p95 of the hourly maximum
    used.cpu_max,
    coalesce(used.memory_hours, 0) as memory_hours,
    used.memory_max -- GiB
from marts.resource_now as workload
left join paid
    on
        workload.source = paid.source
        and workload.account = paid.cluster
        and workload.resource_id = paid.workload
left join used
    on
        workload.source = used.source
        and workload.account = used.cluster
        and workload.resource_id = used.workload
left join scaled
    on
        workload.source = scaled.source
        and workload.account = scaled.cluster
        and workload.resource_id = scaled.workload
where workload.cloud = 'kubernetes' and workload.kind = 'workload'
