-- One row per machine and sizing rule that the settings ask for: how much of its size its CPU needs by that rule.
create table if not exists models.right_size (
    source VARCHAR,
    cloud VARCHAR,
    account VARCHAR,
    resource_id VARCHAR,
    rule VARCHAR, -- balanced, safe, or one that others publish; see docs/models.md
    size_percent DOUBLE, -- of the present size, 1 to 100; null = can't be told
    missing VARCHAR -- why it can't
);
