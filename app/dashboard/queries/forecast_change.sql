-- One row per part of one scope: its cost of last month, and what the running month will bring; the largest change first.
with part as (
    select
        total.cloud,
        total.account,
        total.service,
        sum(total.mean) as now
    from models.forecast_total as total
    where
        total.level = 'service'
        and total.horizon = 'month_end'
        and total.currency = getvariable('currency')
        and (getvariable('cloud') is null or total.cloud = getvariable('cloud'))
        and (getvariable('account') is null or total.account = getvariable('account'))
        and (getvariable('service') is null or total.service = getvariable('service'))
    group by all
),

before as (
    select
        daily.cloud,
        coalesce(daily.account, '(unknown)') as account,
        coalesce(daily.service, '(unknown)') as service,
        sum(daily.effective_cost)::double as cost
    from marts.daily_cost as daily
    where
        daily.currency = getvariable('currency')
        and daily.day >= getvariable('month')::date - interval 1 month
        and daily.day < getvariable('month')::date
        and (getvariable('cloud') is null or daily.cloud = getvariable('cloud'))
        and (getvariable('account') is null or daily.account = getvariable('account'))
        and (getvariable('service') is null or daily.service = getvariable('service'))
    group by all
)

select
    cloud,
    account,
    coalesce(named.account_name, account) as account_name,
    service,
    coalesce(before.cost, 0) as before,
    coalesce(part.now, 0) as now,
    coalesce(part.now, 0) - coalesce(before.cost, 0) as change
from part
full join before using (cloud, account, service)
left join marts.account as named using (cloud, account)
order by abs(change) desc, cloud asc, account asc, service asc
