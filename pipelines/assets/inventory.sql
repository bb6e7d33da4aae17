-- Keep the inventory just read (found) in raw.resource, with the variables source and read_at.
-- A resource is the same one while source, cloud, account, resource_id and kind are.

-- Resources that look different from what is known, or are new.
create or replace temporary table news as
select found.*
from found as found
left join raw.resource as known
    on
        known.valid_to is null
        and known.source = getvariable('source')
        and found.cloud = known.cloud
        and found.account is not distinct from known.account
        and found.resource_id = known.resource_id
        and found.kind = known.kind
where
    known.resource_id is null
    or (
        known.region, known.zone, known.name, known.sku, known.state, known.state_since, known.created_at,
        known.attached_to, known.member_of, known.size_gib, known.tags, known.config
    ) is distinct from (
        found.region, found.zone, found.name, found.sku, found.state, found.state_since, found.created_at,
        found.attached_to, found.member_of, found.size_gib, found.tags, found.config
    );

-- Resources that are gone: only a scope and a kind that could be read can tell.
-- A scope without a region is a whole account. What a failure leaves empty, it covers whole.
create or replace temporary table gone as
select
    known.cloud,
    known.account,
    known.resource_id,
    known.kind
from raw.resource as known
semi join scope as scope
    on
        known.cloud = scope.cloud
        and known.account is not distinct from scope.account
        and (scope.region = '' or known.region is not distinct from scope.region)
anti join unread as unread -- empty = all of it
    on
        (unread.account = '' or known.account is not distinct from unread.account)
        and (unread.region = '' or known.region is not distinct from unread.region)
        and (unread.kind = '' or known.kind = unread.kind)
anti join found as found
    on
        known.cloud = found.cloud
        and known.account is not distinct from found.account
        and known.resource_id = found.resource_id
        and known.kind = found.kind
where known.valid_to is null and known.source = getvariable('source');

update raw.resource as known
set valid_to = getvariable('read_at')
from (
    select
        news.cloud,
        news.account,
        news.resource_id,
        news.kind
    from news
    union all
    from gone
) as closed
where
    known.valid_to is null
    and known.source = getvariable('source')
    and known.cloud = closed.cloud
    and known.account is not distinct from closed.account
    and known.resource_id = closed.resource_id
    and known.kind = closed.kind;

insert into raw.resource by name
select
    getvariable('source') as source,
    news.*,
    getvariable('read_at') as valid_from,
    null::timestamp as valid_to
from news as news;
