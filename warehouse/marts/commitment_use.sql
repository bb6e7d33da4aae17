-- One row per billing month, cloud, commitment and currency: how much of what was committed has been used.
-- Effective cost; the purchase itself counts in the months it is spread over.
-- group: commitment
with line as (
    select
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.x_cloud as cloud,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.BillingCurrency as currency,
        -- What is left of a recurring fee after its use comes as a purchase in some exports.
        coalesce(focus.CommitmentDiscountStatus = 'Unused', false) or focus.ChargeCategory = 'Purchase' as is_unused,
        sum(focus.EffectiveCost) as cost
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where focus.CommitmentDiscountId is not null and focus.ChargeCategory in ('Usage', 'Purchase')
    group by all
)

select
    line.month,
    line.cloud,
    line.commitment_id,
    line.currency,
    sum(line.cost) as committed_cost,
    coalesce(sum(line.cost) filter (where not line.is_unused), 0) as used_cost,
    coalesce(sum(line.cost) filter (where line.is_unused), 0) as unused_cost,
    used_cost::double / nullif(sum(line.cost), 0)::double as utilisation -- null = nothing was committed
from line
group by all
