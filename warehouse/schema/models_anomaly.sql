-- One row per cost incident: abnormal days of one or more series that have one cause.
create table if not exists models.anomaly (
    id VARCHAR,
    cloud VARCHAR, -- cloud, account and service are those of the largest member; `scope` says what it covers
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    starts_on DATE,
    ends_on DATE, -- exclusive; null = still going on
    direction VARCHAR, -- up, down
    days INTEGER, -- abnormal days so far, of the member with most
    actual DOUBLE, -- effective cost of those days
    expected DOUBLE,
    impact DOUBLE, -- actual - expected, in `currency`
    score DOUBLE, -- largest robust residual in units of its spread
    resource_id VARCHAR, -- the resource that is the first cause; null = spread over many
    resource_share DOUBLE, -- of the impact
    reason VARCHAR, -- a sentence with the numbers and the first cause in it
    evidence VARCHAR, -- SQL that shows the rows
    flagged_on DATE, -- the day whose bill made it an incident
    members INTEGER, -- series in models.anomaly_member
    scope VARCHAR, -- which services and accounts, in words
    severity VARCHAR, -- critical, high, medium, low: by money, see docs/incidents.md
    share_of_day DOUBLE, -- impact / the currency's usual daily total before it; null = nothing usual
    cause VARCHAR, -- what the first cause is: quantity, price, mix, new, gone, unknown (the bill does not tell)
    is_expected BOOLEAN, -- launches, removals, resizes or a commitment explain it: nobody has to look
    expected_because VARCHAR, -- which
    is_new_normal BOOLEAN -- stayed for weeks: later days of its largest member are measured against it
);
