-- One row per cost incident and day around it: what its series cost together, and what was expected.
create table if not exists models.anomaly_day (
    id VARCHAR, -- models.anomaly.id
    day DATE,
    actual DOUBLE, -- null = not delivered
    expected DOUBLE, -- by the days before it only
    is_abnormal BOOLEAN -- one of the incident's days
);
