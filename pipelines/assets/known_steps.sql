-- One row per series and commitment that is in force: when it ends, and what a day costs more without it, as usage is now.
-- Covered usage goes back to what it costs without a commitment; what was paid for nothing falls away.
with ending as (
    select
        commitment.cloud,
        commitment.commitment_id,
        max(commitment.ends_at) as ends_at
    from raw.commitment as commitment
    group by all
    having max(commitment.ends_at) >= getvariable('until')::date
)

select
    ending.cloud,
    coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
    coalesce(focus.ServiceName, '(unknown)') as service,
    focus.BillingCurrency as currency,
    ending.commitment_id,
    ending.ends_at,
    sum(
        case
            when lower(focus.CommitmentDiscountStatus) = 'unused' then -focus.EffectiveCost
            else coalesce(focus.ContractedCost, focus.ListCost, focus.EffectiveCost) - focus.EffectiveCost
        end
    )::double / 28 as daily
from ending
join raw.focus as focus
    on
        ending.cloud = focus.x_cloud
        and ending.commitment_id = focus.CommitmentDiscountId
where
    focus.ChargeCategory = 'Usage'
    and focus.BillingCurrency is not null
    and focus.ChargePeriodStart >= getvariable('until')::date - 28
    and focus.ChargePeriodStart < getvariable('until')::date
group by all
having daily <> 0
order by all
