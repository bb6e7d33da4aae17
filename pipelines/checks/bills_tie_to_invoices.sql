-- Every invoice is the sum of its lines.
-- asset: marts/reconciliation
select
    reconciliation.source,
    reconciliation.billing_account,
    reconciliation.period,
    reconciliation.currency,
    reconciliation.billed_cost,
    reconciliation.credits,
    reconciliation.invoice_amount,
    reconciliation.gap
from marts.reconciliation as reconciliation
where reconciliation.status in ('gap', 'lines differ')
