-- One row per check and resource of the last run: what to change, what it saves and why.
create table if not exists actions.recommendation (
    id VARCHAR, -- stable from run to run: digest of check, cloud, account and resource
    "check" VARCHAR, -- the file in actions/checks
    title VARCHAR,
    about VARCHAR, -- saving; advice is about security, resilience, governance or capacity
    source VARCHAR, -- the configured source that can make the change
    cloud VARCHAR,
    account VARCHAR,
    region VARCHAR,
    resource_id VARCHAR,
    resource_name VARCHAR,
    kind VARCHAR,
    verb VARCHAR,
    before VARCHAR,
    after VARCHAR,
    currency VARCHAR,
    saving_month_low DECIMAL(38, 18), -- at effective price; null = unknown
    saving_month_high DECIMAL(38, 18),
    risk VARCHAR, -- R0 advice to R5 migration
    overload_probability DOUBLE, -- share of hours in which the new size would have been too small; null = not a resize
    reason VARCHAR,
    evidence VARCHAR, -- SQL that shows the facts, runnable on the same snapshot
    status VARCHAR, -- open, superseded, suppressed, insufficient_data; advice: to be known, saves nothing
    superseded_by VARCHAR, -- id of the recommendation that wins on the same resource
    missing VARCHAR, -- insufficient_data: which evidence is missing
    first_seen_on DATE,
    snapshot BIGINT -- the warehouse snapshot of the facts it was computed on
);
