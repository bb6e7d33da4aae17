-- One row per service of an account that changed most: this month so far against the same days of the last.
-- None where nothing at all is billed in the last, so that nobody knows what changed.
with today as (
    select
        overview.month,
        (overview.month - interval 1 month)::date as last_month
    from marts.overview as overview
    where overview.currency = getvariable('currency') and overview.last_month is not null
),

-- How far the running month of each bill is known, by its last line or its usage: last month is compared up to the same
-- day. What a late account has not billed yet did not cost less.
billed as (
    select
        daily_cost.cloud,
        daily_cost.billing_account,
        max(day(greatest(daily_cost.day, known.until - interval 1 microsecond))) as days
    from marts.daily_cost as daily_cost
    join today using (month)
    join marts.account_billed_until as known
        on daily_cost.cloud = known.cloud and daily_cost.billing_account is not distinct from known.billing_account
    where
        daily_cost.day >= today.month
        and daily_cost.day <= getvariable('as_of')::date
    group by all
)

select
    daily_cost.cloud,
    daily_cost.service,
    daily_cost.account,
    coalesce(any_value(named.account_name), daily_cost.account) as account_name,
    coalesce(sum(daily_cost.effective_cost) filter (where daily_cost.month = today.month), 0)::double as now,
    -- Of last month's taxes and the like, what had been due by that day.
    coalesce(sum(daily_cost.effective_cost) filter (where daily_cost.month = today.last_month), 0)::double
    - coalesce(any_value(running.last_month_owed), 0) as before,
    now - before as change
from marts.daily_cost as daily_cost
cross join today
join billed
    on daily_cost.cloud = billed.cloud and daily_cost.billing_account is not distinct from billed.billing_account
left join marts.account as named on daily_cost.cloud = named.cloud and daily_cost.account = named.account
left join marts.running_charge as running
    on
        daily_cost.cloud = running.cloud
        and daily_cost.account = running.account
        and daily_cost.service = running.service
        and daily_cost.currency = running.currency
        and today.month = running.month
where
    daily_cost.currency = getvariable('currency')
    and daily_cost.month in (today.month, today.last_month)
    and day(daily_cost.day) <= billed.days
group by daily_cost.cloud, daily_cost.service, daily_cost.account
having abs(now - before) >= 0.5
order by abs(change) desc
limit 8
