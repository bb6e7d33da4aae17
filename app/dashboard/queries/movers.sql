-- One row per service of an account that changed most: this month so far against the same days of the last.
with today as (
    select
        overview.month,
        (overview.month - interval 1 month)::date as last_month
    from marts.overview as overview
    where overview.currency = getvariable('currency')
),

-- How far each cloud's running month is billed: last month is compared up to the same day.
billed as (
    select
        daily_cost.cloud,
        max(day(daily_cost.day)) as days
    from marts.daily_cost as daily_cost
    join today using (month)
    where
        daily_cost.currency = getvariable('currency')
        and daily_cost.day >= today.month
        and daily_cost.day <= getvariable('as_of')::date
    group by all
)

select
    daily_cost.cloud,
    daily_cost.service,
    daily_cost.account,
    coalesce(any_value(named.account_name), daily_cost.account) as account_name,
    coalesce(sum(daily_cost.effective_cost) filter (where daily_cost.month = today.month), 0)::double as now,
    coalesce(
        sum(daily_cost.effective_cost) filter (where daily_cost.month = today.last_month), 0
    )::double as before,
    now - before as change
from marts.daily_cost as daily_cost
cross join today
join billed using (cloud)
left join marts.account as named using (cloud, account)
where
    daily_cost.currency = getvariable('currency')
    and daily_cost.month in (today.month, today.last_month)
    and day(daily_cost.day) <= billed.days
group by daily_cost.cloud, daily_cost.service, daily_cost.account
having abs(now - before) >= 0.5
order by abs(change) desc
limit 8
