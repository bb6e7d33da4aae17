-- One row per cloud and id on bills that the inventory writes otherwise: which resource it is.
-- Both are brought to what they have in common. An id that could be several resources, or is none, stays as billed.
-- group: inventory
with named as (
    select distinct
        focus.x_cloud as cloud,
        focus.ResourceId as id,
        false as is_bucket,
        true as is_billed
    from raw.focus as focus
    where focus.ResourceId is not null and focus.x_cloud in ('aws', 'gcp')

    union all

    select distinct
        resource.cloud,
        resource.resource_id as id,
        resource.kind = 'bucket' as is_bucket,
        false as is_billed
    from raw.resource as resource
    where resource.cloud in ('aws', 'gcp')
),

read as (
    select
        named.*,
        -- EC2's ids are unique; bills have some of them bare and some in an ARN.
        regexp_extract(named.id, '^(?:arn:[^:]+:ec2:[^:]*:[^:]*:[a-z-]+/)?([a-z]+-[0-9a-f]{8,17})$', 1) as ec2,
        -- A version of a function, a stream of a log group.
        regexp_extract(
            named.id,
            '^(arn:[^:]+:(?:lambda:[^:]*:[^:]*:function|logs:[^:]*:[^:]*:log-group):[^:]+)(?::.*)?$',
            1
        ) as whole,
        regexp_extract(
            named.id, '^(?:arn:[^:]+:s3:::|//storage\.googleapis\.com/(?:projects/[^/]+/buckets/)?)([^/]+)$', 1
        ) as bucket,
        -- Compute Engine's numbers are unique; bills say disk for disks, and name the project by its number or id.
        regexp_extract(
            named.id,
            '^//compute\.googleapis\.com/projects/(?:.*/)?([A-Za-z]+)/([0-9]+)$',
            ['collection', 'number']
        ) as compute
    from named
),

keyed as (
    select
        read.cloud,
        read.id,
        read.is_billed,
        case
            when read.bucket <> '' then 'bucket ' || read.bucket
            when read.cloud = 'aws' and read.is_bucket then 'bucket ' || read.id
            when read.cloud = 'aws' then coalesce(nullif(read.ec2, ''), nullif(read.whole, ''))
            when read.compute.number <> ''
                then
                    case read.compute.collection
                        when 'disk' then 'disks'
                        when 'globalAddresses' then 'addresses'
                        else read.compute.collection
                    end
                    || ' ' || read.compute.number
        end as key
    from read
)

select
    billed.cloud,
    billed.id as billed_id, -- ResourceId in raw.focus
    min(known.id) as resource_id -- as in raw.resource
from keyed as billed
join keyed as known on billed.cloud = known.cloud and billed.key = known.key
where billed.is_billed and not known.is_billed
group by billed.cloud, billed.id
having count(*) = 1 and min(known.id) <> billed.id
