-- One row per member, resource and change: what the inventory saw and we ourselves did to it since the incident began.
-- `explains` is the way of a cost that the change can explain: up, down or either; null = none.
with seen as (
    select
        resource.*,
        min(resource.valid_from) over life as first_seen,
        min(resource.created_at) over life as born_at,
        lag(resource.sku) over (life order by resource.valid_from) as sku_before,
        lag(resource.state) over (life order by resource.valid_from) as state_before
    from raw.resource as resource
    window life as (partition by resource.cloud, resource.resource_id)
),

moved as (
    select
        seen.cloud,
        seen.resource_id,
        if(seen.valid_from > seen.first_seen, seen.valid_from, null) as changed_at,
        seen.born_at as created_at,
        seen.sku_before,
        seen.state_before,
        seen.sku,
        seen.state,
        seen.kind,
        seen.state_since
    from seen
),

told as (
    select distinct
        moved.cloud,
        moved.resource_id,
        'created' as what,
        moved.created_at as at,
        moved.kind || ' created' as text,
        'up' as explains
    from moved
    where moved.created_at is not null

    union all

    select
        moved.cloud,
        moved.resource_id,
        if(moved.sku_before is distinct from moved.sku, 'resized', 'changed') as what,
        moved.changed_at as at,
        if(
            moved.sku_before is distinct from moved.sku,
            format('{} resized from {} to {}', moved.kind, moved.sku_before, moved.sku),
            format('{} went from {} to {}', moved.kind, moved.state_before, moved.state)
        ) as text,
        if(moved.sku_before is distinct from moved.sku, 'either', null) as explains
    from moved
    where
        moved.changed_at is not null
        and (moved.sku_before is distinct from moved.sku or moved.state_before is distinct from moved.state)

    union all

    select distinct
        moved.cloud,
        moved.resource_id,
        'state' as what,
        moved.state_since as at,
        moved.kind || ' became ' || moved.state as text,
        case
            when regexp_matches(lower(moved.state), '^(stop|deallocat|terminat|suspend|shut|delet|paus)') then 'down'
            when lower(moved.state) in ('running', 'runnable', 'starting', 'pending', 'active') then 'up'
            when lower(moved.state) = 'available' and moved.kind = 'database' then 'up'
        end as explains
    from moved
    where moved.state_since > moved.created_at + interval 1 day

    union all

    select
        change.cloud,
        change.resource_id,
        'ours' as what,
        change.applied_at as at,
        format('plan {}: {} {}', change.plan_id, change.verb, coalesce(change.after, '')) as text,
        case
            when change.outcome is null or change.outcome not in ('applied', 'already') then null -- tried, not done
            when change.verb in ('stop', 'delete', 'release') then 'down'
            when change.verb in ('start', 'restore') then 'up'
            when change.saving_month_high > 0 then 'down'
            when change.saving_month_low < 0 then 'up' -- puts back what saved
        end as explains
    from actions.change as change
    where change.applied_at is not null
)

select
    member.id,
    told.resource_id,
    told.what,
    told.at,
    strftime(told.at, '%Y-%m-%d') || ': ' || trim(told.text) as text,
    told.explains
from member
join touched on member.id = touched.id
join told on member.cloud = told.cloud and touched.resource_id = told.resource_id
where told.at >= member.starts_on - interval 2 day and told.at < member.known_until
order by all
