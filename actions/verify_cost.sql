-- One row per change and window: what the resource cost a day before the change, and what it costs since.
-- `subject` holds change_id, cloud, resource_id, backup, currency, applied_on and window_days; from_day is the first day
-- that may count as before it, and days how many may count as after it, as other changes of ours to the resource bound
-- both. What a delete left behind as its backup is part of the cost since. The bills themselves are read, not resource_cost_daily, as that
-- holds the last 92 days only, and what a change saved must not depend on when somebody asks.
--
-- Both sides count days of the calendar, billed or not, as resource_run_rate does: a day on which it was off is a day.
-- The days before weigh as much as their weekday has days in the window. The day of the change counts for neither.
--
-- What a commitment covered is still paid if nobody else uses it: of the fall of what it covered of this resource,
-- as much as the use of the whole commitment fell, on days on which it is still owned. That is what its unused part
-- rose by; it is not read from the unused part, as some bills tell that for a whole month at once.
with change as (
    select
        subject.change_id,
        subject.cloud,
        subject.currency,
        subject.applied_on,
        subject.from_day,
        subject.applied_on + 1 + max(subject.days) as ends_on, -- the first day after the longest window
        unnest([subject.resource_id, subject.backup]) as resource_id
    from subject
    group by
        subject.change_id,
        subject.cloud,
        subject.currency,
        subject.applied_on,
        subject.from_day,
        subject.resource_id,
        subject.backup
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
        billed_as.cloud,
        billed_as.currency,
        billed_as.applied_on,
        billed_as.from_day,
        billed_as.ends_on,
        focus.BillingAccountId as billing_account,
        coalesce(known.commitment_id, focus.CommitmentDiscountId) as commitment_id,
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
            and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) >= billed_as.applied_on - 92
            and billed_as.ends_on > focus.ChargePeriodStart
    left join marts.billed_commitment as known
        on focus.x_cloud = known.cloud and focus.CommitmentDiscountId = known.billed_id
    where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null
    group by all
),

own_day as (
    select
        spread.change_id,
        spread.commitment_id, -- null = not covered
        spread.day,
        sum(spread.cost) as cost
    from (
        select
            own_line.change_id,
            own_line.commitment_id,
            own_line.first_day + unnest(range(own_line.days))::integer as day,
            own_line.cost / own_line.days as cost
        from own_line
    ) as spread
    group by all
),

span as (
    select
        own_line.change_id,
        own_line.applied_on,
        greatest(min(own_line.first_day), own_line.from_day) as first_day, -- no day before it was there
        min(complete.until) filter (
            where own_line.first_day + own_line.days > own_line.applied_on - 14
        )::date as until
    from own_line
    left join marts.account_billed_until as complete
        on own_line.cloud = complete.cloud and own_line.billing_account is not distinct from complete.billing_account
    where own_line.first_day < own_line.applied_on
    group by own_line.change_id, own_line.applied_on, own_line.from_day
    having max(own_line.first_day + own_line.days) > own_line.applied_on - 14
),

calendar as (
    select
        subject.change_id,
        subject.window_days,
        subject.days,
        subject.applied_on,
        span.first_day,
        span.first_day + unnest(range(subject.applied_on - span.first_day + 1 + subject.days))::integer as day
    from subject
    join span using (change_id)
),

weighed as (
    select
        calendar.change_id,
        calendar.window_days,
        calendar.day,
        calendar.day < calendar.applied_on as is_before,
        case
            when calendar.day > calendar.applied_on
                then 1 / calendar.days
            when least(calendar.applied_on - calendar.first_day, calendar.days) < 7 -- a weekday is missing
                then 1 / (calendar.applied_on - calendar.first_day)
            else
                count(*) filter (where calendar.day > calendar.applied_on) over weekday
                / count(*) filter (where calendar.day < calendar.applied_on) over weekday
                / calendar.days
        end as share -- those of each side add up to 1
    from calendar
    where calendar.day <> calendar.applied_on
    window weekday as (
        partition by calendar.change_id, calendar.window_days, dayofweek(calendar.day)
    )
),

cost as (
    select
        weighed.change_id,
        weighed.window_days,
        coalesce(sum(own_day.cost * weighed.share) filter (where weighed.is_before), 0) as before_day,
        coalesce(sum(own_day.cost * weighed.share) filter (where not weighed.is_before), 0) as after_day
    from weighed
    left join own_day on weighed.change_id = own_day.change_id and weighed.day = own_day.day
    group by all
),

covering as (
    select distinct
        own_line.change_id,
        own_line.cloud,
        own_line.currency,
        own_line.applied_on,
        own_line.ends_on,
        own_line.commitment_id
    from own_line
    where own_line.commitment_id is not null
),

covering_billed_as as (
    select
        covering.*,
        covering.commitment_id as billed_id
    from covering

    union all

    select
        covering.*,
        known.billed_id
    from covering
    join marts.billed_commitment as known using (cloud, commitment_id)
),

commitment_line as (
    select
        covering_billed_as.change_id,
        covering_billed_as.commitment_id,
        focus.ChargePeriodStart::date as first_day,
        1 + greatest(
            coalesce((focus.ChargePeriodEnd - interval 1 microsecond)::date - focus.ChargePeriodStart::date, 0), 0
        )::integer as days,
        coalesce(
            sum(focus.EffectiveCost) filter (
                where
                focus.ChargeCategory = 'Usage'
                and focus.ChargeClass is null
                and coalesce(focus.CommitmentDiscountStatus, '') <> 'Unused'
            ),
            0
        ) as used
    from covering_billed_as
    join raw.focus as focus
        on
            covering_billed_as.cloud = focus.x_cloud
            and covering_billed_as.billed_id = focus.CommitmentDiscountId
            and covering_billed_as.currency = focus.BillingCurrency
            and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) >= covering_billed_as.applied_on - 14
            and covering_billed_as.ends_on > focus.ChargePeriodStart
    where focus.ChargeCategory in ('Usage', 'Purchase')
    group by all

    union all

    select -- a bill may have no line of what nobody uses
        covering.change_id,
        covering.commitment_id,
        greatest(coalesce(owned.starts_at::date, covering.applied_on - 14), covering.applied_on - 14) as first_day,
        greatest(
            least(coalesce(owned.ends_at::date, covering.ends_on), covering.ends_on) - first_day, 0
        )::integer as days,
        0 as used
    from covering
    join raw.commitment as owned using (cloud, commitment_id)
),

commitment_day as ( -- on which it is owned: some line of it covers the day, or the inventory says so
    select
        spread.change_id,
        spread.commitment_id,
        spread.day,
        sum(spread.used) as used
    from (
        select
            commitment_line.change_id,
            commitment_line.commitment_id,
            commitment_line.first_day + unnest(range(commitment_line.days))::integer as day,
            commitment_line.used / commitment_line.days as used
        from commitment_line
    ) as spread
    group by all
),

coverage as (
    select
        weighed.change_id,
        weighed.window_days,
        commitment_day.commitment_id,
        sum(weighed.share) filter (where weighed.is_before) as owned_before,
        sum(weighed.share) filter (where not weighed.is_before) as owned_after,
        sum(own_day.cost * weighed.share) filter (where weighed.is_before) / owned_before * owned_after
        - coalesce(sum(own_day.cost * weighed.share) filter (where not weighed.is_before), 0) as own_fall,
        sum(commitment_day.used * weighed.share) filter (where weighed.is_before) / owned_before * owned_after
        - sum(commitment_day.used * weighed.share) filter (where not weighed.is_before) as fall
    from weighed
    join commitment_day on weighed.change_id = commitment_day.change_id and weighed.day = commitment_day.day
    left join own_day
        on
            commitment_day.change_id = own_day.change_id
            and commitment_day.commitment_id = own_day.commitment_id
            and commitment_day.day = own_day.day
    group by weighed.change_id, weighed.window_days, commitment_day.commitment_id
),

unused as (
    select
        coverage.change_id,
        coverage.window_days,
        sum(greatest(least(coverage.own_fall, coverage.fall), 0)) as unused_day
    from coverage
    where coverage.own_fall is not null and coverage.fall is not null
    group by all
)

select
    subject.change_id,
    subject.window_days,
    coalesce(subject.applied_on - span.first_day, 0) as days_before, -- 0 = no bill in the 14 days before it
    -- How many of the days that count are billed completely by every account that billed the resource before the change.
    coalesce(least(greatest(span.until - subject.applied_on - 1, 0), subject.days), 0) as days_after,
    round(cost.before_day, 9)::decimal(38, 18) as before_day,
    round(cost.after_day, 9)::decimal(38, 18) as after_day, -- of the resource and its backup
    round(coalesce(unused.unused_day, 0), 9)::decimal(38, 18) as unused_day -- still paid to commitments
from subject
left join span using (change_id)
left join cost using (change_id, window_days)
left join unused using (change_id, window_days)
