-- One row per reason: Kubernetes nodes of now whose cost is not split to workloads.
select
    node.cluster,
    node.no_cost_because as reason,
    count(*) as nodes
from marts.kubernetes_node as node
where node.no_cost_because is not null and node.ends_at >= getvariable('as_of')
group by all
order by node.cluster, reason
