-- The sums per month and currency of resource cost are those of the charge lines that name a resource.
-- asset: marts/resource_cost
-- blocking: true
with line as (
    select
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.BillingCurrency as currency,
        sum(focus.BilledCost) as billed_cost,
        sum(focus.EffectiveCost) as effective_cost
    from raw.focus as focus
    where focus.ResourceId is not null
    group by all
),

mart as (
    select
        cost.month,
        cost.currency,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.effective_cost) as effective_cost
    from marts.resource_cost as cost
    group by all
)

from line
except
from mart
