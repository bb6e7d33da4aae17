-- One row per billing month, cloud and currency: what no team answers for, because the tag `team` is missing.
-- group: cost
select
    cost.month,
    cost.cloud,
    cost.currency,
    sum(cost.effective_cost) as effective_cost,
    coalesce(
        sum(cost.effective_cost) filter (where nullif(json_extract_string(cost.tags, '$.team'), '') is null),
        0
    ) as unallocated_cost,
    unallocated_cost::double / nullif(sum(cost.effective_cost), 0)::double as unallocated_share -- null = no cost
from marts.tagset_cost as cost
group by all
