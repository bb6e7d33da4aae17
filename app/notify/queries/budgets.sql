-- One row per budget and period, the running one and for ten days the one before.
select
    budget_now.id,
    budget_now.name,
    budget_now.cloud,
    budget_now.account,
    budget_now.service,
    budget_now.currency,
    budget_now.period,
    budget_now.amount,
    budget_now.starts_on,
    budget_now.ends_on,
    budget_now.spent,
    budget_now.expected,
    budget_now.lo80,
    budget_now.hi80,
    budget_now.breach_probability,
    budget_now.breach_on,
    budget_now.status
from marts.budget_now as budget_now
order by budget_now.id
