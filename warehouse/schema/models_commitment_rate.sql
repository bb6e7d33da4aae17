-- One row per scope (cloud, billing account, currency), region, instance type, os and price type of a commitment: what it costs compared with on demand.
create table if not exists models.commitment_rate (
    cloud VARCHAR,
    billing_account VARCHAR,
    currency VARCHAR,
    region VARCHAR,
    instance_type VARCHAR,
    family VARCHAR,
    os VARCHAR,
    price_type VARCHAR, -- as in raw.price
    price_hour DOUBLE, -- committed price of one instance
    ratio DOUBLE, -- of that to what one costs on demand on the bill
    made_on DATE
);
