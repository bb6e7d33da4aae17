-- Without a home nobody knows what disks and egress cost there, nor what has been committed to.
create table unit_price (
    cloud varchar,
    region varchar,
    currency varchar,
    what varchar,
    sku varchar,
    price decimal(18, 9)
);

create table idle_commitment (
    cloud varchar,
    region varchar,
    covers varchar,
    currency varchar,
    kind varchar,
    commitment_id varchar,
    idle_share double,
    idle_quantity double,
    idle_hour decimal(18, 9),
    rate_type varchar,
    missing varchar
);
