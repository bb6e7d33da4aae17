-- One row per cloud and account that has bills: the first day for which not all who bill it have billed completely.
-- An account is the sub account, or the billing account where a bill names none. Of the feeds of one billing account the
-- one that knows most counts; of two billing accounts the one that is behind. One that is 14 days behind its cloud has
-- ended: nothing of it is to come, so that it holds nothing back.
-- group: health
with payer as (
    select
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        focus.x_source as source
    from raw.focus as focus
    group by all
),

known as (
    select
        payer.cloud,
        payer.billing_account,
        payer.account,
        max(freshness.until)::date as until
    from payer
    join marts.freshness as freshness
        on
            payer.source = freshness.source
            and payer.cloud = freshness.cloud
            and payer.billing_account is not distinct from freshness.billing_account
            and freshness.what = 'bills'
    group by all
)

select
    known.cloud,
    known.account,
    min(if(known.until < complete.until - 14, complete.until, known.until)) as until
from known
join marts.billed_until as complete using (cloud)
group by all
