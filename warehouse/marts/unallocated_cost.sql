-- One row per billing month, cloud and currency: what no team answers for by the rules of allocation.
-- group: cost
select
    daily.month,
    daily.cloud,
    daily.currency,
    sum(daily.cost) as effective_cost,
    coalesce(sum(daily.cost) filter (where daily.team is null), 0) as unallocated_cost,
    unallocated_cost::double / nullif(sum(daily.cost), 0)::double as unallocated_share -- null = no cost
from marts.allocation_daily as daily
group by all
