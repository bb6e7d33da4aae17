-- No account's month comes from two feeds: their lines would be the same money twice.
-- asset: raw/focus
-- blocking: true
select
    focus.x_cloud as cloud,
    focus.BillingAccountId as billing_account,
    date_trunc('month', focus.BillingPeriodStart)::date as period,
    string_agg(distinct focus.x_source, ', ' order by focus.x_source) as feeds
from raw.focus as focus
group by
    focus.x_cloud,
    focus.BillingAccountId,
    date_trunc('month', focus.BillingPeriodStart)
having count(distinct focus.x_source) > 1
