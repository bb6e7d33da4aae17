-- One row per day: what all of it cost, or is expected to cost with the band in which 80 % of days should fall.
-- The bands of the series are added up, so the band of the total is on the wide side.
select
    forecast_daily.day,
    sum(forecast_daily.actual) as actual,
    sum(forecast_daily.mean) as mean,
    sum(forecast_daily.lo80) as lo80,
    sum(forecast_daily.hi80) as hi80
from marts.forecast_daily as forecast_daily
where forecast_daily.currency = getvariable('currency') and forecast_daily.day >= getvariable('first')
group by all
order by forecast_daily.day
