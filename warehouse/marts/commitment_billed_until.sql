-- One row per cloud, commitment and currency that a bill names: the first day that is not billed completely.
-- Of two billing accounts the one that is behind counts; one that is 14 days behind its cloud has ended.
-- group: commitment
with billed as (
    select
        focus.x_cloud as cloud,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        focus.BillingCurrency as currency,
        coalesce(focus.BillingAccountId, '(unknown)') as billing_account
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    where focus.CommitmentDiscountId is not null
    group by all

    union

    select -- what is granted as a credit inside of lines
        usage.cloud,
        usage.commitment_id,
        usage.currency,
        usage.billing_account
    from marts.committable_usage as usage
    where usage.commitment_id is not null
)

select
    billed.cloud,
    billed.commitment_id,
    billed.currency,
    min(if(known.until::date < complete.until - 14, complete.until, known.until::date)) as until
from billed
join marts.account_billed_until as known
    on billed.cloud = known.cloud and billed.billing_account = coalesce(known.billing_account, '(unknown)')
join marts.billed_until as complete on billed.cloud = complete.cloud
group by all
