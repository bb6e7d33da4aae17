-- The market of a published snapshot, and what is owned and was billed there.
create view offer as from lake.marts.offer;

create view price as from lake.marts.price;

create view unit_price as from lake.marts.unit_price;

create view idle_commitment as from lake.marts.commitment_idle;
