-- The market of a published snapshot, and what is owned and was billed there.
create view offer as from lake.marts.offer;

create view price as from lake.marts.price;

-- Prices of offers have room for 18 digits, 9 of them after the point; what has not is no price to reckon with.
create view unit_price as
select * replace (try_cast(price as decimal(18, 9)) as price) from lake.marts.unit_price;

create view idle_commitment as from lake.marts.commitment_idle;
