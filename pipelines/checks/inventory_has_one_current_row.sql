-- A resource looks one way at a time.
-- asset: raw/resource
-- blocking: true
select
    resource.source,
    resource.cloud,
    resource.account,
    resource.resource_id,
    resource.kind,
    count(*) as current_rows
from raw.resource as resource
where resource.valid_to is null
group by all
having count(*) > 1
