-- No account's month comes from two feeds, unless each is confined to another part: the same money would be twice there.
-- asset: raw/focus
-- blocking: true
with scope as (
    select
        manifest.source,
        manifest.billing_account,
        manifest.period,
        any_value(manifest.sub_account) as sub_account -- empty = the whole account
    from raw.billing_manifest as manifest
    where manifest.status = 'loaded'
    group by all
),

feed as (
    select distinct
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        lower(
            regexp_replace(focus.BillingAccountId, '^/providers/microsoft\.billing/billingaccounts/(.*/)?', '', 'i')
        ) as plain_account, -- whichever way Azure writes its id
        date_trunc('month', focus.BillingPeriodStart)::date as period,
        focus.x_source as source
    from raw.focus as focus
),

covered as (
    select
        feed.*,
        '/' || coalesce(nullif(scope.sub_account, '') || '/', '') as within
    from feed
    left join scope
        on
            feed.source = scope.source
            and feed.billing_account is not distinct from scope.billing_account
            and feed.period is not distinct from scope.period
)

select
    one.cloud,
    one.billing_account,
    one.period,
    one.source as feed,
    other.source as other_feed
from covered as one
inner join covered as other
    on
        one.cloud is not distinct from other.cloud
        and one.plain_account is not distinct from other.plain_account
        and one.period is not distinct from other.period
        and one.source is distinct from other.source
where
    starts_with(other.within, one.within)
    and (one.within <> other.within or one.source < other.source)
