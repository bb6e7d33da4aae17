-- One row per cloud, commitment and currency of which the bill tells by the month what was not used: the last whole month.
-- AWS's own reports bill a reservation so. Until a month is over, nobody knows what of it will have been used.
-- group: commitment
with complete as (
    select
        freshness.cloud,
        max(freshness.until)::date as until -- the first day that is not yet billed completely
    from marts.freshness as freshness
    where freshness.what = 'bills'
    group by all
),

fee as (
    select
        focus.x_cloud as cloud,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.BillingCurrency as currency,
        date_trunc('month', focus.BillingPeriodStart) as month,
        min(focus.ChargePeriodStart) as starts_at,
        max(focus.ChargePeriodEnd) as ends_at
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where
        focus.CommitmentDiscountId is not null
        and lower(focus.CommitmentDiscountStatus) = 'unused'
        and focus.ChargePeriodEnd > focus.ChargePeriodStart + interval 1 day
    group by all
)

select
    fee.cloud,
    fee.commitment_id,
    fee.currency,
    arg_max(fee.starts_at, fee.ends_at) filter (where fee.ends_at <= complete.until) as starts_at, -- null = none is over
    max(fee.ends_at) filter (where fee.ends_at <= complete.until) as ends_at
from fee
left join complete on fee.cloud = complete.cloud
group by all
