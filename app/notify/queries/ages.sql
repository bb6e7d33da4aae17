-- One row per source, cloud and kind of reading; of bills also per billing account. Without sources that were removed.
with billed as (
    select
        cost.cloud,
        cost.billing_account,
        list(distinct cost.account) as accounts
    from marts.monthly_cost as cost
    group by all
)

select
    freshness.source,
    freshness.cloud,
    freshness.billing_account as account,
    billed.accounts, -- that the bill is about; null = not of bills
    freshness.what,
    freshness.until,
    freshness.late_after_hours,
    freshness.failed
from marts.freshness as freshness
left join billed
    on
        freshness.what = 'bills'
        and freshness.cloud = billed.cloud
        and freshness.billing_account is not distinct from billed.billing_account
where freshness.late_after_hours is not null or freshness.failed is not null
order by all
