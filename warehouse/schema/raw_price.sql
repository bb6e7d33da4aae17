-- One row per cloud, region, instance type, os, price type and currency: the newest known list price.
create table if not exists raw.price (
    cloud VARCHAR,
    region VARCHAR,
    instance_type VARCHAR,
    os VARCHAR, -- linux, windows
    price_type VARCHAR, -- on_demand, spot, spot_est, cud_1y, cud_3y
    currency VARCHAR,
    price_hour DECIMAL(18, 9),
    as_of DATE,
    source VARCHAR,
    quality VARCHAR
);
