-- One row per billing account and month: what was billed, what was invoiced, and whether they tie out.
select
    reconciliation.period,
    reconciliation.cloud,
    reconciliation.billing_account,
    reconciliation.billed_cost::double as billed_cost,
    reconciliation.credits::double as credits,
    reconciliation.invoice_id,
    reconciliation.invoice_amount::double as invoice_amount,
    reconciliation.gap::double as gap,
    reconciliation.status
from marts.reconciliation as reconciliation
where reconciliation.currency = getvariable('currency')
order by
    reconciliation.status in ('ties', 'open') asc,
    reconciliation.period desc,
    reconciliation.cloud asc,
    reconciliation.billing_account asc
