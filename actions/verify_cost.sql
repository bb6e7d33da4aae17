-- One row per change and window: what the resource cost a day before the change, and what it costs since.
-- `subject` holds change_id, cloud, resource_id, backup, currency, applied_on and window_days. What a delete left
-- behind as its backup is part of the cost since. The bills themselves are read, not resource_cost_daily, as that
-- holds the last 92 days only, and what a change saved must not depend on when somebody asks.
with change as (
    select
        subject.change_id,
        subject.cloud,
        subject.currency,
        subject.applied_on,
        subject.applied_on + 1 + max(subject.window_days) as ends_on, -- the first day after the longest window
        unnest([subject.resource_id, subject.backup]) as resource_id
    from subject
    group by subject.change_id, subject.cloud, subject.currency, subject.applied_on, subject.resource_id, subject.backup
),

billed_as as (
    select
        change.*,
        change.resource_id as billed_id
    from change

    union all

    select
        change.*,
        billed.billed_id
    from change
    join marts.billed_resource as billed using (cloud, resource_id)
),

own_line as (
    select
        billed_as.change_id,
        focus.ChargePeriodStart::date as first_day,
        1 + greatest(
            coalesce((focus.ChargePeriodEnd - interval 1 microsecond)::date - focus.ChargePeriodStart::date, 0), 0
        )::integer as days,
        sum(focus.EffectiveCost) as cost
    from billed_as
    join raw.focus as focus
        on
            billed_as.cloud = focus.x_cloud
            and billed_as.billed_id = focus.ResourceId
            and billed_as.currency = focus.BillingCurrency
            and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) >= billed_as.applied_on - 14
            and billed_as.ends_on > focus.ChargePeriodStart
    where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null
    group by all
),

own_day as (
    select
        spread.change_id,
        spread.day,
        sum(spread.cost) as cost
    from (
        select
            own_line.change_id,
            own_line.first_day + unnest(range(own_line.days))::integer as day,
            own_line.cost / own_line.days as cost
        from own_line
    ) as spread
    group by all
),

span as (
    select
        subject.*,
        -- The day of the change is half and half, and counts for neither side.
        least(greatest(date_diff('day', subject.applied_on + 1, complete.until), 0), subject.window_days) as days_after
    from subject
    left join marts.billed_until as complete using (cloud)
)

select
    span.change_id,
    span.window_days,
    count(distinct own_day.day) filter (where own_day.day < span.applied_on) as days_before,
    coalesce(span.days_after, 0) as days_after,
    round(
        sum(own_day.cost) filter (where own_day.day < span.applied_on) / nullif(days_before, 0), 9
    )::decimal(38, 18) as before_day,
    round(
        coalesce(sum(own_day.cost) filter (where own_day.day > span.applied_on), 0) / span.window_days, 9
    )::decimal(38, 18) as after_day -- of the resource and its backup
from span
left join own_day
    on
        span.change_id = own_day.change_id
        and own_day.day >= span.applied_on - 14
        and own_day.day <= span.applied_on + span.window_days
group by span.change_id, span.window_days, span.days_after, span.applied_on
