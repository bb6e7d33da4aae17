-- title: Act before a budget is broken
-- kind: budget
-- verb: review
-- risk: R0
-- about: governance
-- param probability: 0.5
-- blind: What is not billed yet, and plans that the forecast does not know.
-- evidence: select budget.name, budget.period, budget.starts_on, budget.ends_on, budget.amount, budget.spent,
-- evidence: budget.expected, budget.lo80, budget.hi80, budget.breach_probability, budget.breach_on, budget.currency
-- evidence: from models.budget as budget where budget.id = {resource_id} order by budget.starts_on desc
--
-- One row per budget whose running period is more likely broken than kept, by the forecast, or broken already:
-- catalogue OPS-11, where the middle of the forecast above the budget is the warning. A budget of several clouds or
-- accounts has `(all)` in their place. How sure the forecast is has been measured, see docs/models.md; the idea of
-- forecast alerts is that of AWS Budgets
-- (https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html).
select
    'budgets' as source,
    coalesce(budget.cloud, '(all)') as cloud,
    coalesce(budget.account, '(all)') as account,
    'global' as region,
    budget.id as resource_id,
    format('{:.2f} of {:.2f} {} spent', budget.spent, budget.amount::double, budget.currency) as before,
    'kept' as after,
    format('budget {}: ', budget.name)
    || if(
        budget.spent > budget.amount::double,
        format('broken, {:.2f} of {:.2f} {} are spent', budget.spent, budget.amount::double, budget.currency),
        format(
            '{:.2f} expected of {:.2f} {} until {}, broken with {:.0f} % probability', budget.expected,
            budget.amount::double, budget.currency, budget.ends_on, 100 * budget.breach_probability
        )
    ) as reason
from models.budget as budget
where
    budget.ends_on > budget.made_on
    and (budget.spent > budget.amount::double or coalesce(budget.breach_probability >= $probability, false))
