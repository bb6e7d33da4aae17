-- One row per horizon of one scope: what is billed, what is expected, and how such sums did in the backtest.
select
    total.horizon,
    total.starts_on,
    total.ends_on - 1 as last_day,
    if(total.billed_from > total.starts_on, total.billed_from, null) as billed_from, -- null = bills are there from its start
    if(total.starts_on < total.made_on, total.known, null) as known, -- null = nothing of it can be billed yet
    total.mean,
    total.lo80,
    total.hi80,
    total.lo95,
    total.hi95,
    total.wape,
    total.bias,
    total.folds,
    total.made_on
from models.forecast_total as total
where
    total.level = getvariable('level')
    and total.currency = getvariable('currency')
    and total.cloud is not distinct from getvariable('cloud')
    and total.account is not distinct from getvariable('account')
    and total.service is not distinct from getvariable('service')
order by list_position(
    ['month_end', 'quarter_end', 'year_end', 'next_30_days', 'next_90_days'], total.horizon
)
