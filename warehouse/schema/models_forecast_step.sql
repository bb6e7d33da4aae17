-- One row per series (cloud, account, service, currency) and commitment that ends within the forecast, which counts it as not renewed.
create table if not exists models.forecast_step (
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    commitment_id VARCHAR, -- as in raw.commitment
    starts_on DATE, -- the day of the end, of which only the rest counts
    daily DOUBLE, -- what a day costs more from then on, in models.forecast and all sums; below zero: it was hardly used
    reason VARCHAR,
    made_on DATE -- as in models.forecast
);
