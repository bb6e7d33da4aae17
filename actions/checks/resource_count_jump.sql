-- title: Find out why there are suddenly so many more resources
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 7
-- param least_growth: 0.5
-- param least_count: 20
-- blind: What comes and goes between two readings of the inventory.
-- evidence: select known.kind, known.resource_id, known.name, known.sku, known.created_at, known.valid_from, known.tags
-- evidence: from raw.resource as known where known.cloud = {cloud} and known.account = {resource_id} and known.valid_to
-- evidence: is null order by coalesce(known.created_at, known.valid_from) desc limit 100
--
-- One row per account: of a kind of resource there are half as many again as 7 days ago, and 20 more: our limits, from
-- catalogue OPS-07, the idea of hystax/optscale's resource count anomalies (https://github.com/hystax/optscale). The
-- kind that grew most is told. Needs an inventory that was read 7 days ago already. When a resource came is when the
-- cloud says it was created, else when it was first read.
with life as (
    select
        known.source,
        known.cloud,
        known.account,
        known.kind,
        known.resource_id,
        coalesce(min(known.created_at), min(known.valid_from)) as came_at,
        min(known.valid_from) as seen_at,
        if(bool_or(known.valid_to is null), null, max(known.valid_to)) as gone_at
    from raw.resource as known
    group by all
),

watched as (
    select
        life.source,
        life.cloud,
        life.account,
        min(life.seen_at) as since
    from life
    group by all
),

counted as (
    select
        life.source,
        life.cloud,
        life.account,
        life.kind,
        count(*) filter (where life.gone_at is null) as now,
        count(*) filter (
            where
            least(life.came_at, life.seen_at) <= getvariable('as_of') - to_days($days::integer)
            and coalesce(life.gone_at > getvariable('as_of') - to_days($days::integer), true)
        ) as before
    from life
    join watched using (source, cloud, account)
    where watched.since <= getvariable('as_of') - to_days($days::integer)
    group by all
)

select
    counted.source,
    counted.cloud,
    counted.account,
    'global' as region,
    counted.account as resource_id,
    format('{} of kind {}', counted.before, counted.kind) as before,
    format('{} that somebody wants', counted.now) as after,
    format('{} of kind {}, {} days ago there were {}', counted.now, counted.kind, $days, counted.before) as reason
from counted
where
    counted.now - counted.before >= $least_count
    and counted.now >= counted.before * (1 + $least_growth)
qualify row_number() over (
    partition by counted.cloud, counted.account order by counted.now - counted.before desc, counted.kind asc
) = 1
