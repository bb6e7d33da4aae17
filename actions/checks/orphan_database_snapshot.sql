-- title: Delete snapshots of databases that no longer exist
-- kind: database_snapshot
-- verb: delete
-- risk: R4
-- param days: 30
-- param gib_month: 0.095
-- param aurora_gib_month: 0.021
-- blind: That it is all that is left of the data and somebody wants it; how much of its size is used.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- The database is gone for 30 days or more: turbot's thrifty mods
-- (https://hub.steampipe.io/mods/turbot/aws_thrifty). Snapshots that somebody made stay when a database goes. A database
-- that was renamed is known by an id that does not change; copies say nothing about where their database is, so they
-- are left to a human. RDS bills all backups of a region together, and none as large as the databases there, so the low
-- end is zero; the high end is its full size at 0.095 per GiB-month, of Aurora 0.021
-- (https://aws.amazon.com/rds/pricing/, https://aws.amazon.com/rds/aurora/pricing/), in dollars, unless a bill names it.
select
    snapshot.source,
    snapshot.cloud,
    snapshot.account,
    snapshot.region,
    snapshot.resource_id,
    snapshot.state as before,
    'absent' as after,
    coalesce(rate.currency, 'USD') as currency,
    0::decimal(38, 18) as saving_month_low,
    coalesce(
        rate.cost_month::double,
        snapshot.size_gib * if(starts_with(snapshot.sku, 'aurora'), $aurora_gib_month, $gib_month)
    )::decimal(38, 18) as saving_month_high,
    regexp_extract(json_extract_string(snapshot.config, '$.source'), '[^:]+$') || ' is gone, '
    || coalesce(format('{:.0f} days old', floor(snapshot.age_days)), 'of unknown age')
    || coalesce(format(', {:.0f} GiB', snapshot.size_gib), '') as reason,
    case
        when snapshot.age_days is null then 'when it was created'
        when json_extract_string(snapshot.config, '$.copied_from') is not null
            then 'whether its database still exists: it is a copy'
        when snapshot.size_gib is null and rate.cost_month is null then 'how large it is'
        when
            not exists (
                select 1
                from raw.read as scope
                where
                    scope.what = 'inventory'
                    and scope.failed is null
                    and snapshot.source = scope.source
                    and snapshot.account = scope.account
                    and snapshot.region = scope.region
            )
            or exists (
                select 1
                from raw.read as scope
                where
                    scope.what = 'inventory'
                    and snapshot.source = scope.source
                    and snapshot.account = scope.account
                    and coalesce(scope.region in ('', snapshot.region), true)
                    and (starts_with(scope.failed, 'database: ') or not regexp_matches(scope.failed, '^[a-z_]+: '))
            )
            then 'whether its database still exists: not all of the region could be read'
    end as missing
from marts.resource_now as snapshot
left join marts.resource_run_rate as rate
    on snapshot.cloud = rate.cloud and snapshot.resource_id = rate.resource_id
where
    snapshot.kind = 'database_snapshot'
    and snapshot.state = 'available'
    and coalesce(snapshot.age_days >= $days, true)
    and not regexp_matches(lower(coalesce(snapshot.tags, '')), 'legal[-_ ]?hold|retain|compliance')
    and not exists (
        select 1
        from marts.resource_now as base
        where
            base.kind = 'database'
            and snapshot.source = base.source
            and snapshot.cloud = base.cloud
            and (
                base.resource_id = json_extract_string(snapshot.config, '$.source')
                or base.member_of = json_extract_string(snapshot.config, '$.source')
                or json_extract_string(base.config, '$.uid') = json_extract_string(snapshot.config, '$.source_uid')
            )
    )
    -- A database that went lately may have gone by mistake.
    and not exists (
        select 1
        from raw.resource as gone
        where
            snapshot.source = gone.source
            and snapshot.cloud = gone.cloud
            and (
                gone.resource_id = json_extract_string(snapshot.config, '$.source')
                or gone.member_of = json_extract_string(snapshot.config, '$.source')
            )
            and gone.valid_to > getvariable('as_of') - to_days($days::integer)
    )
