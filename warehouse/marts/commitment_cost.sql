-- One row per day, billing month, cloud, commitment and currency: what was committed to, and what of it was not used.
-- Effective cost; the purchase itself counts in the days it is spread over. Where a bill keeps the fee apart from its
-- use (Google Cloud) there is none.
-- group: commitment
with priced as (
    select
        focus.*,
        focus.ChargeCategory = 'Usage' and coalesce(focus.CommitmentDiscountStatus, '') <> 'Unused' as is_covered,
        -- A zero is no price: Azure states it for reservations.
        coalesce(nullif(focus.ContractedCost, 0), nullif(focus.ListCost, 0)) as on_demand_cost
    from raw.focus as focus
    where focus.CommitmentDiscountId is not null and focus.ChargeCategory in ('Usage', 'Purchase')
)

select
    focus.ChargePeriodStart::date as day, -- day on which the charge begins, UTC: of a month's fee its first
    date_trunc('month', focus.BillingPeriodStart)::date as month, -- billing month
    focus.x_cloud as cloud,
    coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id, -- as in raw.commitment
    focus.BillingCurrency as currency,
    min(focus.x_source) as source,
    min(coalesce(focus.SubAccountId, focus.BillingAccountId)) as account, -- one of those that used or paid it
    sum(focus.EffectiveCost) as committed_cost,
    -- What is left of a recurring fee after its use comes as a purchase in some exports.
    coalesce(
        sum(focus.EffectiveCost)
        filter (where focus.CommitmentDiscountStatus = 'Unused' or focus.ChargeCategory = 'Purchase'),
        0
    ) as unused_cost,
    -- What all that it covers would have cost on demand, whatever the service; null = nothing, or no price.
    sum(focus.on_demand_cost) filter (where focus.is_covered) as on_demand_cost,
    coalesce(
        sum(focus.EffectiveCost) filter (where focus.is_covered and focus.on_demand_cost is null), 0
    ) as unpriced_cost -- the part of committed_cost that covers what the bill has no price for
from priced as focus
left join marts.billed_commitment as named
    on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
group by all
