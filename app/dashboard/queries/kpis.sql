-- One row: the figures on the cards of one currency.
-- The forecast is of the month that is not billed to its end: on the first days of a month that is still the one before.
with ahead as (
    select
        total.starts_on,
        total.mean,
        total.lo80,
        total.hi80
    from models.forecast_total as total
    where
        total.horizon = 'month_end'
        and total.level = 'total'
        and total.currency = getvariable('currency')
)

select
    overview.* replace (
        ahead.mean as month_end_mean,
        ahead.lo80 as month_end_lo80,
        ahead.hi80 as month_end_hi80
    ),
    coalesce(ahead.starts_on, overview.month) as forecast_month,
    (
        select sum(cost.effective_cost)
        from marts.monthly_cost as cost
        where
            cost.currency = getvariable('currency')
            and cost.month = coalesce(ahead.starts_on, overview.month) - interval 1 month
    ) as before_forecast, -- cost of the month before it
    overview.today - 30 as sparkline_from
from marts.overview as overview
left join ahead on true
where overview.currency = getvariable('currency')
