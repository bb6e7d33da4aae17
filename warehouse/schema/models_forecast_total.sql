-- One row per horizon (month_end, next_30_days, next_90_days), scope and currency: sums with their own intervals.
create table if not exists models.forecast_total (
    horizon VARCHAR, -- month_end: days already billed this month plus the forecast of the rest
    level VARCHAR, -- total, cloud, account, service
    cloud VARCHAR, -- null above the level
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    starts_on DATE,
    ends_on DATE, -- exclusive
    known DOUBLE, -- effective cost already billed in [starts_on, made_on)
    mean DOUBLE, -- known + forecast
    lo80 DOUBLE,
    hi80 DOUBLE,
    lo95 DOUBLE,
    hi95 DOUBLE,
    made_on DATE
);
