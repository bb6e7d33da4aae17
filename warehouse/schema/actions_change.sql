-- One row per change of every plan, mirrored from the ledger: what was promised, done and measured.
create table if not exists actions.change (
    plan_id VARCHAR,
    plan_status VARCHAR,
    change_id VARCHAR,
    run_id VARCHAR,
    cloud VARCHAR,
    account VARCHAR,
    region VARCHAR,
    resource_id VARCHAR,
    kind VARCHAR,
    verb VARCHAR,
    before VARCHAR,
    after VARCHAR,
    risk VARCHAR,
    outcome VARCHAR,
    currency VARCHAR,
    saving_month_low DECIMAL(38, 18),
    saving_month_high DECIMAL(38, 18),
    created_at TIMESTAMP,
    applied_at TIMESTAMP
);
