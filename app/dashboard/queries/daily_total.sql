-- One row per day: what all of it cost.
select
    daily_cost.day,
    sum(daily_cost.effective_cost)::double as cost
from marts.daily_cost as daily_cost
where
    daily_cost.currency = getvariable('currency')
    and daily_cost.charge_category = 'Usage'
    and daily_cost.day >= getvariable('first')
    and daily_cost.day < getvariable('until')
group by all
order by daily_cost.day
