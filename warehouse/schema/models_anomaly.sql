-- One row per cost incident: consecutive abnormal days of one series (cloud, account, service, currency).
create table if not exists models.anomaly (
    id VARCHAR,
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    starts_on DATE,
    ends_on DATE, -- exclusive; null = still going on
    direction VARCHAR, -- up, down
    days INTEGER, -- abnormal days so far
    actual DOUBLE, -- effective cost of those days
    expected DOUBLE,
    impact DOUBLE, -- actual - expected, in `currency`
    score DOUBLE, -- largest robust residual in units of its spread
    resource_id VARCHAR, -- the resource that explains most of it; null = spread over many
    resource_share DOUBLE, -- of the impact
    reason VARCHAR, -- a sentence with the numbers in it
    evidence VARCHAR -- SQL that shows the rows
);
