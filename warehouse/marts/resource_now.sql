-- One row per resource that exists now.
-- group: inventory
with known as (
    select
        look.*,
        min(look.valid_from) over (
            partition by look.source, look.cloud, look.account, look.resource_id, look.kind
        ) as first_seen_at
    from raw.resource as look
),

looked_at as (
    select
        scope.source,
        scope.account,
        max(scope.until) as until
    from raw.read as scope
    where scope.what = 'inventory' and scope.failed is null
    group by all
)

select
    resource.source,
    resource.cloud,
    resource.account,
    resource.region,
    resource.zone,
    resource.resource_id,
    resource.kind,
    nullif(trim(resource.name), '') as name,
    resource.sku,
    resource.state,
    resource.state_since,
    resource.created_at,
    resource.attached_to,
    resource.member_of,
    resource.size_gib,
    resource.tags,
    resource.config,
    -- A tag without a value says nothing.
    nullif(trim(json_extract_string(resource.tags, '$.team')), '') as team,
    coalesce(
        nullif(trim(json_extract_string(resource.tags, '$.environment')), ''),
        nullif(trim(json_extract_string(resource.tags, '$.env')), '')
    ) as env,
    resource.first_seen_at,
    -- Of a cloud that does not say when a resource was created: at least so many.
    date_diff('second', coalesce(resource.created_at, resource.first_seen_at), getvariable('as_of')) / 86400
        as age_days,
    date_diff('second', resource.state_since, getvariable('as_of')) / 86400 as state_days, -- null = unknown
    -- It has looked the same for so long, up to the last time that somebody looked.
    greatest(
        date_diff('second', resource.valid_from, coalesce(looked_at.until, getvariable('as_of'))) / 86400, 0
    ) as unchanged_days,
    offer.vcpus, -- of the sku; null = the catalogue does not know it
    offer.memory_gib,
    offer.arch,
    offer.family
from known as resource
left join looked_at on resource.source = looked_at.source and resource.account = looked_at.account
left join marts.offer as offer on resource.cloud = offer.cloud and resource.sku = offer.instance_type
where resource.valid_to is null
