-- One row per file, billing account, billing period and currency that was ever loaded: the key of idempotency.
create table if not exists raw.billing_manifest (
    source VARCHAR, -- the feed: provider, layout and export, for example aws/focus/acme-daily
    export VARCHAR, -- the delivery: the manifest's run id, or the digest of the files
    layout VARCHAR, -- how the file is laid out: focus-1.2, aws-cur, azure-actual, gcp-detailed
    cloud VARCHAR,
    provider VARCHAR,
    billing_account VARCHAR,
    period DATE, -- first day of the billing month
    currency VARCHAR,
    file VARCHAR, -- the path as given, or as found under the given folder
    origin VARCHAR, -- where it came from, however it was given: the file's absolute path; with a manifest, the export's place
    digest VARCHAR, -- of the file's bytes, unpacked if they were packed by gzip: blake3:<hex>; in older lakes SHA-256, bare
    size_bytes BIGINT,
    submitted_at TIMESTAMP, -- when the provider wrote the delivery, or its manifest file, UTC; the newest wins
    rows BIGINT,
    billed_cost DECIMAL(38, 18),
    effective_cost DECIMAL(38, 18),
    list_cost DECIMAL(38, 18),
    contracted_cost DECIMAL(38, 18),
    credits DECIMAL(38, 18), -- credits the layout states beside its charges (Google Cloud); null = they are rows
    status VARCHAR, -- loaded: in raw.focus now; superseded: a newer delivery replaced it
    note VARCHAR, -- alarms: what was unusual about this delivery
    loaded_at TIMESTAMP,
    sub_account VARCHAR -- what of the account the delivery is confined to: a SubAccountId, or one/resource group; '' = all
);
