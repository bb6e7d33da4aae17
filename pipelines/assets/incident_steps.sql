-- One row per member and resource: the day on which its cost went from one side to the other, and when it was last
-- billed. `stepped_on` is null where the cost went back and forth.
with daily as (
    select
        member.id,
        focus.ResourceId as resource_id,
        focus.ChargePeriodStart::date as day,
        sum(focus.EffectiveCost)::double as cost
    from member
    join raw.focus as focus
        on
            member.cloud = focus.x_cloud
            and member.account = coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
            and member.service = coalesce(focus.ServiceName, '(unknown)')
            and member.currency = focus.BillingCurrency
    join touched on member.id = touched.id and focus.ResourceId = touched.resource_id
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodStart >= member.starts_on - interval 28 day
        and focus.ChargePeriodStart < member.known_until
    group by all
),

length as (
    select
        abnormal.id,
        count(*) as days
    from abnormal
    group by all
),

-- Halfway between a day of the four weeks before and an abnormal day.
middle as (
    select
        daily.id,
        daily.resource_id,
        coalesce(sum(daily.cost) filter (where daily.day < member.starts_on), 0) / 28 as before,
        coalesce(sum(daily.cost) filter (where abnormal.day is not null), 0) / max(length.days) as since,
        (before + since) / 2 as half
    from daily
    join member using (id)
    join length using (id)
    left join abnormal using (id, day)
    group by all
),

sided as (
    select
        daily.id,
        daily.resource_id,
        daily.day,
        middle.since > middle.before as is_rise,
        (daily.cost >= middle.half) = is_rise as is_after
    from daily
    join middle using (id, resource_id)
    where daily.cost > 0
),

-- A day without cost is before a rise and after a fall.
edge as (
    select
        sided.id,
        sided.resource_id,
        bool_or(sided.is_rise) as is_rise,
        min(sided.day) filter (where sided.is_after) as first_after,
        max(sided.day) filter (where not sided.is_after) as last_before,
        max(sided.day) as last_day
    from sided
    group by all
)

select
    edge.id,
    edge.resource_id as value,
    case
        when edge.is_rise and (edge.last_before is null or edge.last_before < edge.first_after) then edge.first_after
        when not edge.is_rise and (edge.first_after is null or edge.last_before < edge.first_after)
            then edge.last_before + 1
    end as stepped_on,
    edge.last_day + 1 as billed_until
from edge
order by all
