-- One row per source, cloud and kind of reading; of bills also per billing account. Without sources that were removed.
with billed as (
    select
        cost.cloud,
        cost.billing_account,
        list(distinct cost.account) as accounts
    from marts.monthly_cost as cost
    group by all
),

-- What fails as a whole names no cloud: it is that of the source, so that it is one row with the rest of it.
only_cloud as (
    select
        freshness.source,
        if(count(distinct freshness.cloud) = 1, min(freshness.cloud), null) as cloud
    from marts.freshness as freshness
    group by all
)

select
    freshness.source,
    coalesce(freshness.cloud, only_cloud.cloud) as cloud,
    freshness.billing_account as account,
    any_value(billed.accounts) as accounts, -- that the bill is about; null = not of bills
    freshness.what,
    if(bool_or(freshness.until is null and freshness.failed is not null), null, min(freshness.until)) as until,
    min(freshness.late_after_hours) as late_after_hours,
    string_agg(distinct freshness.failed, '; ' order by freshness.failed) as failed
from marts.freshness as freshness
left join only_cloud on freshness.source is not distinct from only_cloud.source
left join billed
    on
        freshness.what = 'bills'
        and freshness.cloud = billed.cloud
        and freshness.billing_account is not distinct from billed.billing_account
where freshness.late_after_hours is not null or freshness.failed is not null
group by freshness.source, coalesce(freshness.cloud, only_cloud.cloud), freshness.billing_account, freshness.what
order by all
