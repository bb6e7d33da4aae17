-- One row per budget that holds, mirrored from the ledger.
create table if not exists actions.budget (
    id VARCHAR,
    name VARCHAR,
    cloud VARCHAR, -- null in any of these three: all of them
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    period VARCHAR, -- month, quarter, year
    amount DECIMAL(38, 18), -- effective cost allowed in each period
    author VARCHAR,
    created_at TIMESTAMP
);
