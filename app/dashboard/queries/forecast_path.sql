-- One row per day of one scope: what it cost, or is expected to cost with the bands of 80 and 95 %.
with billed as (
    select
        daily.day,
        sum(daily.actual) as actual
    from marts.forecast_daily as daily
    where
        daily.currency = getvariable('currency')
        and daily.day >= getvariable('first')
        and (getvariable('cloud') is null or daily.cloud = getvariable('cloud'))
        and (getvariable('account') is null or daily.account = getvariable('account'))
        and (getvariable('service') is null or daily.service = getvariable('service'))
    group by all
),

ahead as (
    select
        scope.day,
        scope.mean,
        scope.lo80,
        scope.hi80,
        scope.lo95,
        scope.hi95
    from models.forecast_scope as scope
    where
        scope.level = getvariable('level')
        and scope.currency = getvariable('currency')
        and scope.cloud is not distinct from getvariable('cloud')
        and scope.account is not distinct from getvariable('account')
    union all
    select
        series.day,
        series.mean,
        series.lo80,
        series.hi80,
        series.lo95,
        series.hi95
    from models.forecast as series
    where
        getvariable('level') = 'service'
        and series.currency = getvariable('currency')
        and series.cloud = getvariable('cloud')
        and series.account = getvariable('account')
        and series.service = getvariable('service')
),

-- The last day that is billed, of anything in this account: up to it, a day without a line cost nothing.
known as (
    select max(daily.day) as day
    from marts.forecast_daily as daily
    where
        daily.currency = getvariable('currency')
        and daily.actual is not null
        and daily.day < (select min(ahead.day) from ahead)
        and (getvariable('cloud') is null or daily.cloud = getvariable('cloud'))
        and (getvariable('account') is null or daily.account = getvariable('account'))
),

calendar as (
    select unnest(generate_series(min(billed.day), any_value(known.day), interval 1 day))::date as day
    from billed
    cross join known
    where billed.actual is not null
),

spent as (
    select
        day,
        coalesce(billed.actual, 0) as actual
    from calendar
    left join billed using (day)
)

select
    day,
    spent.actual,
    ahead.mean,
    ahead.lo80,
    ahead.hi80,
    ahead.lo95,
    ahead.hi95
from spent
full join ahead using (day)
order by day
