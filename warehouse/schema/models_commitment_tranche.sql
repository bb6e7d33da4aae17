-- One row per recommended purchase and part of it: when to buy how much, so that not all ends at once and each part can be reconsidered.
create table if not exists models.commitment_tranche (
    plan_id VARCHAR, -- models.commitment_plan.id
    number INTEGER, -- from 1
    buy_on DATE,
    free_on DATE, -- until then owned commitments cover the use of it; not bought before
    quantity DOUBLE, -- instances; null = an amount of money
    commitment_hour DOUBLE,
    made_on DATE
);
