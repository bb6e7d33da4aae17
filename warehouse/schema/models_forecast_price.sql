-- One row per series (cloud, account, service, currency) that is sold mostly by one unit, and day: quantity and price apart. Days before made_on are as billed.
create table if not exists models.forecast_price (
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    unit VARCHAR, -- pricing unit of at least 80 % of the cost of its usage
    day DATE,
    quantity DOUBLE, -- in that unit; expected from made_on on
    quantity_lo80 DOUBLE, -- null = as billed
    quantity_hi80 DOUBLE,
    price DOUBLE, -- effective cost per unit, commitments that were paid for nothing included; null = nothing was used
    price_lo80 DOUBLE,
    price_hi80 DOUBLE,
    cost DOUBLE, -- effective, also of a day on which nothing was used; from made_on on quantity x price, and what known steps add
    made_on DATE -- as in models.forecast
);
