-- One row per series of one scope: the model that was chosen, why, and how good it was on the days held out.
select
    backtest.cloud,
    coalesce(named.account_name, backtest.account) as account,
    backtest.service,
    backtest.model,
    backtest.wape,
    backtest.bias,
    backtest.cover80,
    backtest.cover95,
    backtest.mase,
    backtest.folds,
    backtest.reason,
    total.mean as cost_ahead
from models.backtest as backtest
left join models.forecast_total as total
    on
        backtest.cloud = total.cloud
        and backtest.account = total.account
        and backtest.service = total.service
        and backtest.currency = total.currency
        and total.level = 'service'
        and total.horizon = 'next_30_days'
left join marts.account as named on backtest.cloud = named.cloud and backtest.account = named.account
where
    backtest.is_chosen
    and backtest.currency = getvariable('currency')
    and (getvariable('cloud') is null or backtest.cloud = getvariable('cloud'))
    and (getvariable('account') is null or backtest.account = getvariable('account'))
    and (getvariable('service') is null or backtest.service = getvariable('service'))
order by cost_ahead desc nulls last, backtest.cloud asc, account asc, backtest.service asc
