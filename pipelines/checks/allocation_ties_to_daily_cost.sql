-- What is allocated adds up to the cost of each day, month, account, service and currency, to the last digit.
-- asset: marts/allocation_daily
-- blocking: true
with allocated as (
    select
        daily.day,
        daily.month,
        daily.currency,
        daily.cloud,
        daily.account,
        daily.service,
        sum(daily.cost) as allocated_cost
    from marts.allocation_daily as daily
    group by all
),

billed as (
    select
        daily.day,
        daily.month,
        daily.currency,
        daily.cloud,
        daily.account,
        daily.service,
        sum(coalesce(daily.effective_cost, 0)) as effective_cost
    from marts.daily_cost as daily
    group by all
)

select
    coalesce(billed.day, allocated.day) as day,
    coalesce(billed.month, allocated.month) as month,
    coalesce(billed.currency, allocated.currency) as currency,
    coalesce(billed.cloud, allocated.cloud) as cloud,
    coalesce(billed.account, allocated.account) as account,
    coalesce(billed.service, allocated.service) as service,
    billed.effective_cost,
    allocated.allocated_cost
from billed
full outer join allocated
    on
        billed.day is not distinct from allocated.day
        and billed.month is not distinct from allocated.month
        and billed.currency is not distinct from allocated.currency
        and billed.cloud is not distinct from allocated.cloud
        and billed.account = allocated.account
        and billed.service = allocated.service
where billed.effective_cost is distinct from allocated.allocated_cost
