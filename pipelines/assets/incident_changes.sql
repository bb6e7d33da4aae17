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
    window life as (
        partition by resource.source, resource.cloud, resource.account, resource.resource_id, resource.kind
    )
),

moved as (
    select
        seen.cloud,
        seen.account,
        seen.resource_id,
        nullif(trim(json_extract_string(seen.tags, '$.team')), '') as team,
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

team as (
    select
        moved.cloud,
        moved.account,
        moved.team,
        min(moved.created_at) as known_since
    from moved
    where moved.team is not null
    group by all
),

-- What each resource was sold by around the incident, while nobody had read the inventory of its account.
sold as (
    select
        member.id,
        focus.ResourceId as resource_id,
        coalesce(focus.PricingUnit, focus.ConsumedUnit) as unit,
        coalesce(focus.SkuId, focus.SkuMeter) as sku,
        focus.ChargePeriodStart::date as day,
        sum(coalesce(focus.PricingQuantity, focus.ConsumedQuantity))::double as quantity,
        max(coalesce(focus.ChargeDescription, focus.SkuMeter, focus.SkuId)) as name
    from member
    join touched on member.id = touched.id
    join raw.focus as focus
        on
            member.cloud = focus.x_cloud
            and member.account = coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
            and member.service = coalesce(focus.ServiceName, '(unknown)')
            and member.currency = focus.BillingCurrency
            and touched.resource_id = focus.ResourceId
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodStart >= member.starts_on - interval 28 day
        and focus.ChargePeriodStart < member.known_until
        and focus.ChargePeriodStart < (
            select min(known.valid_from)
            from raw.resource as known
            where member.cloud = known.cloud and member.account = known.account
        )
    group by all
),

span as (
    select
        sold.id,
        sold.resource_id,
        sold.unit,
        sold.sku,
        min(sold.day) as first_day,
        max(sold.day) as last_day
    from sold
    where sold.quantity > 0
    group by all
),

pair as (
    select
        span.id,
        span.resource_id,
        span.unit
    from span
    group by all
    having count(*) = 2
),

replaced as (
    select
        old.id,
        old.resource_id,
        old.unit,
        old.sku as sku_before,
        new.sku,
        new.first_day,
        old.last_day
    from pair
    join span as old using (id, resource_id, unit)
    join span as new
        on
            old.id = new.id
            and old.resource_id = new.resource_id
            and old.unit = new.unit
            and old.sku <> new.sku
            and old.first_day < new.first_day
            and old.last_day <= new.first_day
),

compared as (
    select
        replaced.*,
        max(sold.name) filter (where sold.sku = replaced.sku_before) as name_before,
        max(sold.name) filter (where sold.sku = replaced.sku) as name,
        avg(sold.quantity) filter (where sold.sku = replaced.sku_before and sold.day < replaced.first_day) as before,
        avg(sold.quantity) filter (where sold.sku = replaced.sku and sold.day > replaced.last_day) as since
    from replaced
    join sold using (id, resource_id, unit)
    group by all
),

-- One SKU in the place of another, at about the amount of a day. If several resources change from one SKU to the same
-- other on one day, the seller did it and not the owner.
resold as (
    select
        compared.*,
        count(*) over (partition by compared.id, compared.sku_before, compared.sku, compared.first_day) as alike
    from compared
    qualify alike = 1 and compared.since between 0.8 * compared.before and 1.25 * compared.before
),

billed_by as (
    select
        daily.id,
        daily.resource_id,
        daily.service,
        min(daily.day) as first_day,
        max(daily.day) as last_day,
        avg(daily.cost) as cost
    from (
        select
            member.id,
            focus.ResourceId as resource_id,
            focus.ServiceName as service,
            focus.ChargePeriodStart::date as day,
            sum(focus.EffectiveCost)::double as cost
        from member
        join touched on member.id = touched.id
        join raw.focus as focus
            on
                member.cloud = focus.x_cloud
                and member.account = coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
                and member.currency = focus.BillingCurrency
                and touched.resource_id = focus.ResourceId
        where
            focus.ChargeCategory = 'Usage'
            and focus.ChargeClass is null
            and focus.ChargePeriodStart >= member.starts_on - interval 28 day
            and focus.ChargePeriodStart < member.known_until
        group by all
    ) as daily
    group by all
),

-- One service stops billing a resource where another begins, for about the same: only the service has another name.
renamed as (
    select
        old.id,
        old.resource_id,
        old.service as service_before,
        new.service,
        new.first_day
    from billed_by as old
    join billed_by as new using (id, resource_id)
    where
        old.service <> new.service
        and old.first_day < new.first_day
        and new.first_day - old.last_day between 0 and 1
        and new.cost between 0.8 * old.cost and 1.25 * old.cost
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

    -- Somebody answers for it: it has the tag of a team that had resources in this account weeks before.
    select distinct
        moved.cloud,
        moved.resource_id,
        'owned' as what,
        moved.created_at as at,
        moved.kind || ' created' as text,
        'up' as explains
    from moved
    join team using (cloud, account, team)
    where team.known_since <= moved.created_at - interval 28 day

    union all

    select
        moved.cloud,
        moved.resource_id,
        if(moved.sku_before <> moved.sku, 'resized', 'changed') as what,
        moved.changed_at as at,
        if(
            moved.sku_before <> moved.sku,
            format('{} resized from {} to {}', moved.kind, moved.sku_before, moved.sku),
            format('{} went from {} to {}', moved.kind, moved.state_before, moved.state)
        ) as text,
        if(moved.sku_before <> moved.sku, 'either', null) as explains
    from moved
    where
        moved.changed_at is not null
        and (moved.sku_before <> moved.sku or moved.state_before <> moved.state)

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
),

-- Of single incidents: what the bill shows depends on the days that are looked at.
billed as (
    select
        resold.id,
        resold.resource_id,
        'resold' as what,
        resold.first_day::timestamp as at,
        format('the bill has {} instead of {}', resold.name, resold.name_before) as text,
        'either' as explains
    from resold

    union all

    select
        renamed.id,
        renamed.resource_id,
        'renamed' as what,
        renamed.first_day::timestamp as at,
        format('billed as {} instead of {}', renamed.service, renamed.service_before) as text,
        'either' as explains
    from renamed
),

fact as (
    select
        member.id,
        told.* exclude (cloud) replace (touched.resource_id as resource_id)
    from member
    join touched on member.id = touched.id
    left join marts.billed_resource as named
        on member.cloud = named.cloud and touched.resource_id = named.billed_id
    join told on member.cloud = told.cloud and coalesce(named.resource_id, touched.resource_id) = told.resource_id

    union all

    select billed.*
    from billed
)

select
    fact.id,
    fact.resource_id,
    fact.what,
    fact.at,
    strftime(fact.at, '%Y-%m-%d') || ': ' || trim(fact.text) as text,
    fact.explains
from fact
join member on fact.id = member.id
where fact.at >= member.starts_on - interval 2 day and fact.at < member.known_until
order by all
