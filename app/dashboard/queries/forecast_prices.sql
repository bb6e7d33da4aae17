-- One row per service of one scope that is sold mostly by one unit: quantity and price of four weeks, before and ahead, and
-- what the change of each costs; + 0 turns -0 into 0. quantity_effect + price_effect = cost ahead - cost before.
with series as (
    select
        price.cloud,
        price.account,
        price.service,
        price.unit,
        28 * avg(price.quantity) filter (where price.day < price.made_on) as quantity_before,
        28 * avg(price.quantity) filter (where price.day >= price.made_on) as quantity_ahead,
        28 * avg(coalesce(price.cost, 0)) filter (where price.day < price.made_on) as cost_before,
        28 * avg(coalesce(price.cost, 0)) filter (where price.day >= price.made_on) as cost_ahead
    from models.forecast_price as price
    where
        price.day >= price.made_on - 28
        and price.day < price.made_on + 28
        and price.currency = getvariable('currency')
        and (getvariable('cloud') is null or price.cloud = getvariable('cloud'))
        and (getvariable('account') is null or price.account = getvariable('account'))
        and (getvariable('service') is null or price.service = getvariable('service'))
    group by all
),

whole as (
    select
        series.cloud,
        series.service,
        series.unit,
        sum(series.quantity_before) as quantity_before,
        sum(series.quantity_ahead) as quantity_ahead,
        sum(series.cost_before) as cost_before,
        sum(series.cost_ahead) as cost_ahead,
        sum(series.cost_before) / nullif(sum(series.quantity_before), 0) as price_before,
        sum(series.cost_ahead) / nullif(sum(series.quantity_ahead), 0) as price_ahead
    from series
    group by all
)

select
    whole.service,
    whole.cloud,
    whole.unit,
    whole.quantity_before,
    whole.quantity_ahead,
    round(whole.quantity_ahead / nullif(whole.quantity_before, 0) - 1, 4) + 0 as quantity_change,
    whole.price_before,
    whole.price_ahead,
    round(whole.price_ahead / nullif(whole.price_before, 0) - 1, 4) + 0 as price_change,
    round((whole.quantity_ahead - whole.quantity_before) * whole.price_before, 2) + 0 as quantity_effect,
    round(whole.quantity_ahead * (whole.price_ahead - whole.price_before), 2) + 0 as price_effect
from whole
order by abs(whole.cost_ahead) desc nulls last, whole.service asc, whole.cloud asc
