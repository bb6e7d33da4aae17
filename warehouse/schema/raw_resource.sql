-- One row per resource and span of time in which it looked the same; valid_to is null for how it looks now.
create table if not exists raw.resource (
    source VARCHAR, -- the configured source that reads and changes it
    cloud VARCHAR,
    account VARCHAR,
    region VARCHAR,
    zone VARCHAR,
    resource_id VARCHAR, -- the cloud's own id
    kind VARCHAR, -- instance, disk, address, snapshot, database, ...: one word across clouds
    name VARCHAR,
    sku VARCHAR, -- instance type, disk type, database class
    state VARCHAR, -- the cloud's own word
    state_since TIMESTAMP, -- null where the cloud does not say
    created_at TIMESTAMP,
    attached_to VARCHAR, -- resource_id of the owner; null = attached to nothing
    member_of VARCHAR, -- resource_id of the group or cluster it belongs to
    size_gib DOUBLE,
    tags VARCHAR, -- JSON object of strings
    config VARCHAR, -- JSON object, what only this kind has
    valid_from TIMESTAMP,
    valid_to TIMESTAMP
);
