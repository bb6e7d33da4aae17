-- One row per node of a Kubernetes cluster and machine behind it: the share of its cost that is for cores.
-- group: kubernetes
with node as (
    select
        span.source,
        span.cluster,
        span.resource_id as node,
        arg_max(span.sku, span.ends_at) as sku,
        span.provider_id,
        arg_max(span.cores, span.ends_at) as cores,
        arg_max(span.memory_gib, span.ends_at) as memory_gib,
        min(span.begins_at) as begins_at,
        max(span.ends_at) as ends_at
    from marts.kubernetes_look as span
    where span.kind = 'node'
    group by all
),

named as (
    select
        node.*,
        split_part(node.provider_id, '://', 1) as scheme,
        case scheme when 'gce' then 'gcp' when '' then null else scheme end as cloud,
        case scheme
            when 'azure' then azure_machine(split_part(node.provider_id, '://', 2))
            when 'gce' then split_part(node.provider_id, '/', 3) || '/' || regexp_extract(node.provider_id, '[^/]+$')
            else nullif(regexp_extract(node.provider_id, '[^/]+$'), '')
        end as machine -- how the bill of its cloud calls it: see marts.kubernetes_node_cost
    from node
),

priced as (
    select
        named.*,
        coalesce(ratio.gib_per_core, 0.031611 / 0.004237) as gib_per_core,
        coalesce(ratio.is_measured, false) as is_ratio_measured
    from named
    left join marts.compute_price_ratio as ratio using (cloud)
)

select
    priced.source,
    priced.cluster,
    priced.node,
    priced.sku,
    priced.cloud,
    priced.machine,
    priced.cores,
    priced.memory_gib,
    priced.begins_at,
    priced.ends_at,
    priced.gib_per_core, -- so many GiB of memory cost as much as one core
    priced.is_ratio_measured, -- by the cloud's prices
    priced.gib_per_core * priced.cores / nullif(priced.gib_per_core * priced.cores + priced.memory_gib, 0)
        as cores_share,
    case
        when priced.machine is null then 'the node does not say which machine it is (no provider id)'
        when priced.cores is null or priced.memory_gib is null then 'the node does not say how large it is'
    end as not_looked_for_because -- null = its bill is looked for
from priced
