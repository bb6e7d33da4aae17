-- One row per account whose bill ends before the others', with the first day that is not known.
-- Of the feeds that bill an account the one that is furthest behind counts, unless it ended long before the others (62
-- days, GONE of models/forecast/run.py): then the account has moved to them.
-- The newest days, up to three, on which a billing account cost less than 0.7 of each of the 14 days before them are taken
-- for not billed to their end; lower for longer, it is what it costs.
with day_cost as (
    select
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        focus.BillingCurrency as currency,
        focus.ChargePeriodStart::date as day,
        sum(focus.EffectiveCost) as cost
    from raw.focus as focus
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodEnd <= focus.ChargePeriodStart + interval 1 day
        and focus.ChargePeriodStart < getvariable('until')::date
        and focus.ChargePeriodStart >= getvariable('until')::date - 21
    group by all
),

dated as (
    select
        day_cost.*,
        max(day_cost.day) over (partition by day_cost.cloud, day_cost.billing_account, day_cost.currency)
        - day_cost.day as age -- days before its newest
    from day_cost
),

usual as (
    select
        dated.cloud,
        dated.billing_account,
        dated.currency,
        max(dated.day) + 1 as billed_until,
        min(dated.cost) filter (where dated.age between 3 and 16) as least
    from dated
    group by all
    having count(*) filter (where dated.age between 3 and 16) = 14 and least > 0
),

whole as (
    select
        usual.cloud,
        usual.billing_account,
        usual.billed_until,
        max(dated.day) + 1 as until
    from usual
    join dated
        on
            usual.cloud = dated.cloud
            and usual.billing_account is not distinct from dated.billing_account
            and usual.currency is not distinct from dated.currency
            and dated.cost >= 0.7 * usual.least
    group by usual.cloud, usual.billing_account, usual.currency, usual.billed_until
),

unfinished as (
    select
        whole.cloud,
        whole.billing_account,
        max(whole.until) as until -- in the currency that is known longest
    from whole
    group by all
    having until < max(whole.billed_until) and until >= max(whole.billed_until) - 3
),

feed as (
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
        least(max(freshness.until)::date, any_value(unfinished.until)) as until -- by whichever of its feeds knows most
    from marts.freshness as freshness
    join feed
        on
            freshness.source = feed.source
            and freshness.cloud = feed.cloud
            and freshness.billing_account is not distinct from feed.billing_account
    left join unfinished
        on
            feed.cloud = unfinished.cloud
            and feed.billing_account is not distinct from unfinished.billing_account
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
