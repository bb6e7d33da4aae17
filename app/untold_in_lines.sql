-- One row per cloud whose lines of these months tell no cost of what commitments cover: in which months.
with told as (
    select
        focus.x_cloud as cloud,
        focus.CommitmentDiscountId as commitment_id,
        date_trunc('month', focus.BillingPeriodStart)::date as month
    from raw.focus as focus
    where
        focus.CommitmentDiscountId is not null
        and focus.ChargeCategory in ('Usage', 'Purchase')
        and list_contains($months, date_trunc('month', focus.BillingPeriodStart)::date)
    group by all
    having
        sum(focus.EffectiveCost) = 0
        -- A zero is no price: Azure states it for reservations.
        and sum(
            if(
                focus.ChargeCategory = 'Usage' and coalesce(focus.CommitmentDiscountStatus, '') <> 'Unused',
                coalesce(nullif(focus.ContractedCost, 0), focus.ListCost),
                0
            )
        ) > 0
)

select
    told.cloud,
    min(told.month) as first_month,
    max(told.month) as last_month
from told
group by told.cloud
order by told.cloud
