-- One row per change and window: daily cost before it, and after it on the days that are billed completely.
-- `subject` holds change_id, cloud, resource_id, backup, currency, applied_on and window_days. What a delete left
-- behind as its backup is part of the cost after it.
with span as (
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
    coalesce(span.days_after, 0) as days_after,
    count(distinct daily.day) filter (where daily.day < span.applied_on) as days_before,
    sum(daily.usage_cost) filter (where daily.day < span.applied_on) as cost_before,
    coalesce(
        sum(daily.usage_cost) filter (
            where daily.day > span.applied_on and daily.day <= span.applied_on + span.days_after::integer
        ),
        0
    ) as cost_after
from span
left join marts.resource_cost_daily as daily
    on
        span.cloud = daily.cloud
        and daily.resource_id in (span.resource_id, span.backup)
        and span.currency = daily.currency
        and daily.usage_cost is not null
        and daily.day >= span.applied_on - 14
        and daily.day <= span.applied_on + span.window_days
group by all
