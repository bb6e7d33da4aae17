-- One row per cloud, commitment and currency of which the bill tells by the month what was not used: the last whole month.
-- AWS's own reports bill a reservation so. Until a month is over, nobody knows what of it will have been used. What has
-- had no line for two weeks is owned no more, and a month that ended more than 35 days ago is not the last one: neither
-- has a row.
-- group: commitment
with line as (
    select
        focus.x_cloud as cloud,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.BillingCurrency as currency,
        focus.BillingAccountId as billing_account,
        date_trunc('month', focus.BillingPeriodStart) as month,
        coalesce(
            lower(focus.CommitmentDiscountStatus) = 'unused'
            and focus.ChargePeriodEnd > focus.ChargePeriodStart + interval 1 day,
            false
        ) as is_monthly,
        min(focus.ChargePeriodStart)::date as starts_on,
        max(focus.ChargePeriodEnd - interval 1 microsecond)::date + 1 as ends_on -- also of 23:59:59
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where focus.CommitmentDiscountId is not null
    group by all
),

known as (
    select
        line.cloud,
        line.commitment_id,
        line.currency,
        min(complete.until)::date as until, -- the first day that is not yet billed completely
        max(line.ends_on) as last_on
    from line
    join marts.account_billed_until as complete
        on line.cloud = complete.cloud and line.billing_account is not distinct from complete.billing_account
    group by all
)

select
    line.cloud,
    line.commitment_id,
    line.currency,
    arg_max(line.starts_on, line.ends_on) filter (where line.ends_on <= known.until) as starts_on, -- null = none is over
    max(line.ends_on) filter (where line.ends_on <= known.until) as ends_on -- the first day after it
from line
join known using (cloud, commitment_id, currency)
where line.is_monthly and line.ends_on > known.until - 35 and known.last_on > known.until - 14
group by all
