-- One row per billing month, cloud, commitment and currency: how much of what was committed has been used.
-- Effective cost; the purchase itself counts in the months it is spread over.
-- group: commitment
select
    cost.month,
    cost.cloud,
    cost.commitment_id,
    cost.currency,
    sum(cost.committed_cost) as committed_cost,
    sum(cost.committed_cost - cost.unused_cost) as used_cost,
    sum(cost.unused_cost) as unused_cost,
    used_cost::double / nullif(sum(cost.committed_cost), 0)::double as utilisation -- null = nothing was committed
from marts.commitment_cost as cost
group by all
