-- One row per cloud, account, service, currency and day that is billed completely: what usage cost, by the day it began.
-- Without corrections: a refund of usage is no usage.
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
    and daily.charge_class is null
group by all
order by all
