-- One row per resource, metric and hour that was measured; an hour without samples has no row: a gap is not zero.
create table if not exists raw.metric (
    source VARCHAR,
    cloud VARCHAR,
    account VARCHAR,
    region VARCHAR,
    resource_id VARCHAR,
    metric VARCHAR, -- cpu_percent, memory_percent, network_bytes_s, disk_ops_s
    hour TIMESTAMP, -- UTC start of the hour
    avg DOUBLE,
    max DOUBLE,
    p95 DOUBLE,
    p99 DOUBLE,
    samples INTEGER
);
