-- One row per publication; the newest names the snapshot that readers see.
create table if not exists meta.published (
    snapshot BIGINT,
    as_of TIMESTAMP, -- the clock of the run: what counts as today
    run_id VARCHAR,
    published_at TIMESTAMP
);
