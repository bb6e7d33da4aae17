-- One row per budget and period, the running one and for ten days the one before; the likeliest to be broken first within its currency.
-- group: summary
select
    budget.*,
    budget.spent / nullif(budget.amount::double, 0) as spent_share,
    budget.ends_on <= budget.made_on as is_over,
    case
        when budget.spent > budget.amount::double then 'breached'
        when budget.breach_probability is null then 'unknown'
        when budget.ends_on <= budget.made_on and budget.breach_probability = 0 then 'kept'
        when budget.breach_probability >= 0.5 then 'at_risk'
        else 'within'
    end as status, -- at_risk: more likely broken than kept
    row_number() over (
        partition by budget.currency
        order by budget.breach_probability desc nulls last, budget.amount desc, budget.id asc, budget.starts_on desc
    ) as rank
from models.budget as budget
