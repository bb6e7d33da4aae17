-- One row per billing month, cloud and currency: what no team answers for by the rules of allocation.
-- group: cost
select
    daily.month,
    daily.cloud,
    daily.currency,
    sum(daily.cost) as effective_cost,
    coalesce(sum(daily.cost) filter (where daily.team is null), 0) as unallocated_cost,
    -- null = no cost, or credits make a share of nothing
    if(
        unallocated_cost between 0 and sum(daily.cost),
        unallocated_cost::double / nullif(sum(daily.cost), 0)::double,
        null
    ) as unallocated_share
from marts.allocation_daily as daily
group by all
