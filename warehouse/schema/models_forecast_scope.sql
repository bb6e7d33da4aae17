-- One row per scope above a service (total, cloud, account), currency and day ahead: sums with their own bands.
create table if not exists models.forecast_scope (
    level VARCHAR, -- total, cloud, account
    cloud VARCHAR, -- null above the level
    account VARCHAR,
    service VARCHAR, -- null
    currency VARCHAR,
    day DATE,
    mean DOUBLE, -- the sum of the means of its services
    lo80 DOUBLE, -- from the summed errors of the backtest, not from summed limits
    hi80 DOUBLE,
    lo95 DOUBLE,
    hi95 DOUBLE,
    made_on DATE
);
