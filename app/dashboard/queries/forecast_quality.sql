-- One row per model: for how many series it won the rolling backtest, and how good it was on the days held out.
select
    backtest.model,
    count(*) as series,
    median(backtest.wape) as wape,
    avg(backtest.cover80) as cover80,
    avg(backtest.cover95) as cover95,
    max(backtest.folds) as folds,
    max(backtest.horizon_days) as horizon_days
from models.backtest as backtest
where backtest.currency = getvariable('currency') and backtest.is_chosen
group by all
order by series desc, backtest.model asc
