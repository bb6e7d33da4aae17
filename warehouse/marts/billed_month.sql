-- One row per currency and billing month with costs: whether it is over and billed to its end.
-- It is once every account of its bills is billed to its end; ten days later at the latest, since one may have been closed in it.
-- group: cost
with account as (
    select distinct
        cost.month,
        cost.currency,
        cost.cloud,
        cost.billing_account
    from marts.monthly_cost as cost
)

select
    account.month,
    account.currency,
    -- Usage is never known beyond `as_of`, so a month that runs is not whole.
    bool_and(
        coalesce(known.until >= account.month + interval 1 month, false)
        or getvariable('as_of') >= account.month + interval 1 month + interval 10 day
    ) as is_whole
from account
left join marts.account_billed_until as known
    on account.cloud = known.cloud and account.billing_account is not distinct from known.billing_account
group by all
