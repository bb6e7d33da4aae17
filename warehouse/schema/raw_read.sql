-- One row per source, scope and kind of reading: how fresh it is and what could not be read.
create table if not exists raw.read (
    source VARCHAR,
    what VARCHAR, -- inventory, metrics, prices, commitments, invoices
    cloud VARCHAR,
    account VARCHAR,
    region VARCHAR,
    read_at TIMESTAMP, -- the cloud's clock, UTC
    until TIMESTAMP, -- the data are complete up to here
    failed VARCHAR, -- why it could not be read; null = it could
    late_after_hours DOUBLE -- the source's limit when it was read: older than that is late
);
