-- One row per invoice the provider has issued.
create table if not exists raw.invoice (
    source VARCHAR,
    cloud VARCHAR,
    billing_account VARCHAR,
    invoice_id VARCHAR,
    period DATE, -- first day of the billing month
    currency VARCHAR,
    amount DECIMAL(38, 18), -- what is to be paid: charges, credits and taxes
    issued_at TIMESTAMP
);
