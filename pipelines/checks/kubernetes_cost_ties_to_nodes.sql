-- What workloads and idle cost adds up to the bill of the nodes in each day, month, account, service and currency.
-- asset: marts/kubernetes_cost_daily
-- blocking: true
with parts as (
    select
        part.day,
        part.month,
        part.source,
        part.cluster,
        part.cloud,
        part.account,
        part.service,
        part.currency,
        sum(part.cost) as parts_cost
    from marts.kubernetes_cost_daily as part
    group by all
),

nodes as (
    select
        node.day,
        node.month,
        node.source,
        node.cluster,
        node.cloud,
        node.account,
        node.service,
        node.currency,
        sum(node.cost) as nodes_cost
    from marts.kubernetes_node_cost as node
    where node.is_split
    group by all
)

select
    nodes.*,
    parts.parts_cost
from nodes
left join parts
    on
        nodes.day = parts.day
        and nodes.month is not distinct from parts.month
        and nodes.source = parts.source
        and nodes.cluster = parts.cluster
        and nodes.cloud = parts.cloud
        and nodes.account = parts.account
        and nodes.service = parts.service
        and nodes.currency is not distinct from parts.currency
where nodes.nodes_cost is distinct from parts.parts_cost
