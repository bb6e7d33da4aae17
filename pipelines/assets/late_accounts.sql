-- One row per account whose bill ends before the others', with the first day that is not known.
-- Of the feeds that bill an account the one that is furthest behind counts, unless it ended long before the others (62
-- days, GONE of models/forecast/run.py): then the account has moved to them.
with feed as (
    select distinct
        focus.x_source as source,
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account
    from raw.focus as focus
),

billed as (
    select
        feed.cloud,
        feed.account,
        feed.billing_account,
        max(freshness.until)::date as until -- by whichever of its feeds knows most
    from marts.freshness as freshness
    join feed
        on
            freshness.source = feed.source
            and freshness.cloud = feed.cloud
            and freshness.billing_account is not distinct from feed.billing_account
    where freshness.what = 'bills'
    group by all
),

current as (
    select
        billed.cloud,
        billed.account,
        billed.until
    from billed
    qualify billed.until >= max(billed.until) over (partition by billed.cloud, billed.account) - 62
)

select
    current.cloud,
    current.account,
    min(current.until) as until
from current
group by all
having until < getvariable('until')::date
