-- One row per node or workload of a Kubernetes cluster and span of time in which it looked the same.
-- Before the first reading it counts as it looked then, from when it was made.
-- group: kubernetes
with look as (
    select
        resource.source,
        resource.account as cluster,
        resource.kind,
        resource.resource_id,
        resource.name,
        resource.sku,
        resource.tags as labels,
        resource.config,
        row_number() over (
            partition by resource.source, resource.account, resource.kind, resource.resource_id
            order by resource.valid_from
        ) = 1 as is_first,
        resource.created_at,
        resource.valid_from,
        coalesce(resource.valid_to, getvariable('as_of')) as ends_at
    from raw.resource as resource
    where resource.cloud = 'kubernetes' and resource.kind in ('node', 'workload')
)

select
    look.source,
    look.cluster,
    look.kind,
    look.resource_id,
    look.name,
    json_extract_string(look.config, '$.namespace') as namespace, -- null = a node
    look.sku,
    look.labels, -- JSON object
    if(look.is_first, least(look.valid_from, coalesce(look.created_at, look.valid_from)), look.valid_from)
        as begins_at,
    look.ends_at,
    look.valid_from as read_from, -- from here on it has been looked at
    json_extract_string(look.config, '$.provider_id') as provider_id, -- of a node: its machine's id at its cloud
    if(
        look.kind = 'node',
        json_extract_string(look.config, '$.cpu'),
        json_extract_string(look.config, '$.cpu_request')
    )::double as cores, -- a node's capacity; what one replica of a workload asks for
    if(
        look.kind = 'node',
        json_extract_string(look.config, '$.memory_gib'),
        json_extract_string(look.config, '$.memory_request_gib')
    )::double as memory_gib,
    if(look.kind = 'node', 1, coalesce(json_extract_string(look.config, '$.ready')::double, 0)) as replicas -- ready
from look
where look.ends_at > begins_at
