-- One row per commitment that could be bought, the recommended ones of most saving first within their currency.
-- group: summary
with tranche as (
    select
        part.plan_id,
        count(*) as parts,
        min(part.buy_on) as first_on,
        max(part.buy_on) as last_on
    from models.commitment_tranche as part
    group by all
)

select
    plan.*,
    outlook.gap,
    outlook.regret_month,
    outlook.scenarios,
    outlook.coverage_before,
    outlook.cut_month,
    outlook.cuts,
    outlook.slot_hours,
    outlook.reason as term_reason,
    first.commitment_hour as first_hour, -- the first part to buy; null = not recommended
    first.quantity as first_quantity,
    tranche.first_on,
    tranche.last_on,
    tranche.parts,
    row_number() over (
        partition by plan.currency
        order by
            plan.is_recommended desc,
            plan.commitment_hour > 0 desc,
            plan.saving_month_mean desc nulls last,
            plan.id asc
    ) as rank
from models.commitment_plan as plan
left join models.commitment_outlook as outlook using (cloud, billing_account, currency, term)
left join models.commitment_tranche as first on plan.id = first.plan_id and first.number = 1
left join tranche on plan.id = tranche.plan_id
