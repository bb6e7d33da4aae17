-- One row per day, cloud, billing account and currency: what instances would have cost on demand, and how much of it commitments covered.
-- group: commitment
select
    usage.starts_at::date as day,
    usage.cloud,
    usage.billing_account,
    usage.currency,
    sum(usage.on_demand_cost) as usage_cost,
    coalesce(sum(usage.on_demand_cost) filter (where usage.commitment_id is not null), 0) as covered_cost,
    covered_cost / nullif(sum(usage.on_demand_cost), 0) as coverage
from marts.committable_usage as usage
where usage.on_demand_cost is not null
group by all
