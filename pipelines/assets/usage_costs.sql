-- One row per cloud, account, service, currency and day that is billed completely: what usage cost, by the day it began.
select
    daily.cloud,
    daily.account,
    daily.service,
    daily.currency,
    daily.day,
    sum(daily.effective_cost)::double as cost
from marts.daily_cost as daily
where
    daily.day < getvariable('until')::date
    and daily.currency is not null
    and daily.charge_category = 'Usage'
group by all
order by all
