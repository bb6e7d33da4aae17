-- One row per Kubernetes cluster and namespace: its part of the nodes' cost in the month; without a name it is idle.
with summed as (
    select
        part.cluster,
        part.namespace,
        sum(part.cost) as cost,
        sum(part.cores_cost) as cores_cost,
        sum(part.memory_cost) as memory_cost,
        count(distinct part.workload) as workloads
    from marts.kubernetes_cost_daily as part
    where part.currency = getvariable('currency') and part.month = getvariable('month')
    group by all
)

select
    summed.cluster,
    coalesce(summed.namespace, '(idle)') as namespace,
    summed.workloads,
    summed.cost::double as cost,
    summed.cores_cost::double as cores_cost,
    summed.memory_cost::double as memory_cost,
    summed.cost::double / nullif(sum(summed.cost) over (partition by summed.cluster), 0)::double as share
from summed
order by summed.cluster asc, summed.namespace is null asc, summed.cost desc
