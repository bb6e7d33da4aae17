-- One row per resource that exists now.
-- group: inventory
select
    resource.source,
    resource.cloud,
    resource.account,
    resource.region,
    resource.zone,
    resource.resource_id,
    resource.kind,
    resource.name,
    resource.sku,
    resource.state,
    resource.state_since,
    resource.created_at,
    resource.attached_to,
    resource.size_gib,
    resource.tags,
    resource.config,
    json_extract_string(resource.tags, '$.team') as team,
    json_extract_string(resource.tags, '$.environment') as env,
    date_diff('second', resource.created_at, getvariable('as_of')) / 86400 as age_days, -- null = unknown
    date_diff('second', resource.state_since, getvariable('as_of')) / 86400 as state_days, -- null = unknown
    offer.vcpus, -- of the sku; null = the catalogue does not know it
    offer.memory_gib,
    offer.arch,
    offer.family
from raw.resource as resource
left join marts.offer as offer on resource.cloud = offer.cloud and resource.sku = offer.instance_type
where resource.valid_to is null
