-- One row per day, cloud, account, service and currency: the last 120 days as billed, then the days ahead as forecast.
-- Levels of an interval add up for their means only; marts.overview and models.forecast_total have those of sums.
-- group: summary
with billed as (
    select
        daily.day,
        daily.cloud,
        daily.account,
        daily.service,
        daily.currency,
        sum(daily.effective_cost) as actual
    from marts.daily_cost as daily
    where daily.day >= getvariable('as_of')::date - interval 120 day
    group by all
)

select
    coalesce(billed.day, forecast.day) as day,
    coalesce(billed.cloud, forecast.cloud) as cloud,
    coalesce(billed.account, forecast.account) as account,
    coalesce(billed.service, forecast.service) as service,
    coalesce(billed.currency, forecast.currency) as currency,
    billed.actual, -- effective cost; null = not billed yet
    forecast.mean, -- null = billed
    forecast.lo80,
    forecast.hi80,
    forecast.lo95,
    forecast.hi95
from billed
full join models.forecast as forecast
    on
        billed.day = forecast.day
        and billed.cloud = forecast.cloud
        and billed.account = forecast.account
        and billed.service = forecast.service
        and billed.currency = forecast.currency
