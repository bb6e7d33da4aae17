-- One row per horizon (to the end of the month, quarter and year, the next 30 and 90 days), scope and currency: sums with their own intervals.
create table if not exists models.forecast_total (
    horizon VARCHAR, -- month_end, quarter_end, year_end: what is billed plus the forecast of the rest; next_30_days, next_90_days
    level VARCHAR, -- total, cloud, account, service
    cloud VARCHAR, -- null above the level
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    starts_on DATE,
    ends_on DATE, -- exclusive
    billed_from DATE, -- first day of which the scope has a bill; after starts_on: cost of the days before, if any, is not counted
    known DOUBLE, -- effective cost already billed in [starts_on, made_on)
    mean DOUBLE, -- known + forecast, also of days that no bill covers yet
    lo80 DOUBLE,
    hi80 DOUBLE,
    lo95 DOUBLE,
    hi95 DOUBLE,
    made_on DATE,
    wape DOUBLE, -- backtest of this sum: mean absolute error over what came; null = no backtest
    bias DOUBLE, -- mean error over what came; positive: too much was expected
    folds INTEGER, -- origins behind wape and bias
    estimated_days INTEGER -- days before made_on of which some bill is late, so that they are estimated
);
