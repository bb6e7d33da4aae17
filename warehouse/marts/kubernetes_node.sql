-- One row per node of a Kubernetes cluster and machine behind it: whether its cost is split to workloads, or why not.
-- group: kubernetes
with billed as (
    select
        cost.source,
        cost.cluster,
        cost.node,
        cost.machine,
        max(cost.day + cost.days::integer - 1) as last_billed_day,
        bool_or(cost.is_split) as is_split
    from marts.kubernetes_node_cost as cost
    group by all
)

select
    node.source,
    node.cluster,
    node.node,
    node.sku,
    node.cloud, -- that bills it
    node.machine, -- its id there; of a machine in a scale set that of the set
    node.cores,
    node.memory_gib,
    node.begins_at,
    node.ends_at,
    node.gib_per_core, -- so many GiB of memory cost as much as one core
    node.is_ratio_measured, -- by the prices of the cloud, else OpenCost's default
    node.cores_share,
    billed.last_billed_day,
    case
        when node.not_looked_for_because is not null then node.not_looked_for_because
        when billed.machine is null then concat('no bill of ', node.cloud, ' has the machine ', node.machine)
        when not billed.is_split then 'no workload was read of the time that is billed'
    end as no_cost_because -- null = its cost is split to workloads
from marts.kubernetes_machine as node
left join billed
    on
        node.source = billed.source
        and node.cluster = billed.cluster
        and node.node = billed.node
        and node.machine = billed.machine
