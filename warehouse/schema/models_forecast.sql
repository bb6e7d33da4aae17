-- One row per series (cloud, account, service, currency) and future day; levels sum within a currency only.
create table if not exists models.forecast (
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    day DATE,
    model VARCHAR, -- the model that won the backtest of this series
    mean DOUBLE, -- effective cost of the day
    lo80 DOUBLE,
    hi80 DOUBLE,
    lo95 DOUBLE,
    hi95 DOUBLE,
    made_on DATE -- the first day that was not known
);
