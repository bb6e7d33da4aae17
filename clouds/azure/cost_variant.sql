-- Rows that only an actual, and rows that only an amortized export can have.
with line as (
    select
        lower(coalesce(bill.charge_type, 'usage')) as charge_type,
        replace(lower(coalesce(bill.pricing_model, '')), ' ', '') in ('reservation', 'savingsplan') as is_committed,
        bill.cost_in_billing_currency as cost,
    from bill
)

select
    count(*) filter (where line.charge_type = 'purchase' and line.is_committed and line.cost <> 0) as actual,
    count(*) filter (
        where line.charge_type like 'unused%'
        or (line.charge_type = 'usage' and line.is_committed and line.cost <> 0)
    ) as amortized,
from line
