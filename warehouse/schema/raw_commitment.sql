-- One row per commitment that is or was owned.
create table if not exists raw.commitment (
    source VARCHAR,
    cloud VARCHAR,
    account VARCHAR,
    commitment_id VARCHAR, -- as CommitmentDiscountId in raw.focus
    kind VARCHAR, -- savings_plan, reservation, committed_use
    region VARCHAR,
    covers VARCHAR, -- instance type or family; null = any compute
    quantity DOUBLE,
    hourly_cost DECIMAL(18, 9),
    currency VARCHAR,
    starts_at TIMESTAMP,
    ends_at TIMESTAMP
);
