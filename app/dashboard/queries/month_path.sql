-- One row per day of the running month: what has been spent up to it, or will have been.
select
    forecast_daily.day,
    sum(sum(coalesce(forecast_daily.actual, forecast_daily.mean))) over (order by forecast_daily.day) as cost
from marts.forecast_daily as forecast_daily
where
    forecast_daily.currency = getvariable('currency')
    and forecast_daily.day >= getvariable('first')
    and forecast_daily.day < getvariable('first') + interval 1 month
group by forecast_daily.day
order by forecast_daily.day
