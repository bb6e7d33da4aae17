-- One row per day and cloud in this currency: usage of instances at on-demand prices that commitments cover, and that none does.
select
    daily.day,
    daily.cloud,
    sum(daily.usage_cost) as usage_cost,
    sum(daily.covered_cost) as covered_cost
from marts.commitment_daily as daily
where
    daily.currency = getvariable('currency')
    and daily.day >= getvariable('as_of')::date - interval 120 day
    and daily.day < getvariable('as_of')::date
group by all
order by all
