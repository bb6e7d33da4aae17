-- One row per reader, cloud, region, instance type, os, price type and currency: the newest price that it knows.
create table if not exists raw.price (
    read_by VARCHAR, -- the configured source; null = the catalogue that travels with the package
    cloud VARCHAR,
    region VARCHAR,
    instance_type VARCHAR,
    os VARCHAR, -- linux, windows
    price_type VARCHAR, -- on_demand, spot, spot_est, cud_1y, cud_3y, sp_1y, sp_instance_1y, reservation_1y, ...
    currency VARCHAR,
    price_hour DECIMAL(18, 9),
    as_of DATE,
    source VARCHAR, -- who states it
    quality VARCHAR
);
