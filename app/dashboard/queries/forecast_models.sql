-- One row per series of one scope: the model that was chosen, why, and how good it was on the days held out.
with account as (
    select
        monthly_cost.cloud,
        monthly_cost.account,
        max(monthly_cost.account_name) as account_name
    from marts.monthly_cost as monthly_cost
    group by all
)

select
    backtest.cloud,
    coalesce(account.account_name, backtest.account) as account,
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
left join account on backtest.cloud = account.cloud and backtest.account = account.account
where
    backtest.is_chosen
    and backtest.currency = getvariable('currency')
    and (getvariable('cloud') is null or backtest.cloud = getvariable('cloud'))
    and (getvariable('account') is null or backtest.account = getvariable('account'))
    and (getvariable('service') is null or backtest.service = getvariable('service'))
order by cost_ahead desc nulls last, backtest.cloud asc, account asc, backtest.service asc
