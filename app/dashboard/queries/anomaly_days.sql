-- One row per day around an anomaly: what it cost, and what was usual for the weekday in the eight weeks before.
with daily as (
    select
        daily_cost.day,
        sum(daily_cost.effective_cost)::double as actual
    from marts.daily_cost as daily_cost
    where
        daily_cost.cloud = getvariable('cloud')
        and daily_cost.account = getvariable('account')
        and daily_cost.service = getvariable('service')
        and daily_cost.currency = getvariable('currency')
        and daily_cost.charge_category = 'Usage'
        and daily_cost.day >= getvariable('starts_on') - 56
    group by all
),

usual as (
    select
        isodow(daily.day) as weekday,
        median(daily.actual) as usual,
        min(daily.actual) as usual_low,
        max(daily.actual) as usual_high
    from daily
    where daily.day < getvariable('starts_on')
    group by all
)

select
    daily.day,
    daily.actual,
    usual.usual,
    usual.usual_low,
    usual.usual_high
from daily
left join usual on isodow(daily.day) = usual.weekday
where
    daily.day >= getvariable('starts_on') - 42
    and daily.day < coalesce(getvariable('ends_on'), getvariable('as_of')::date) + 21
order by daily.day
