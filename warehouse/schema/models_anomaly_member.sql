-- One row per cost incident and series (cloud, account, service, currency) that belongs to it.
create table if not exists models.anomaly_member (
    id VARCHAR, -- models.anomaly.id
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    starts_on DATE,
    ends_on DATE, -- exclusive; null = still going on
    flagged_on DATE, -- the day whose bill made it an incident
    direction VARCHAR, -- up, down
    days INTEGER, -- abnormal days so far
    actual DOUBLE,
    expected DOUBLE,
    impact DOUBLE, -- the members' impacts add up to the incident's
    score DOUBLE,
    reason VARCHAR
);
