-- One row per cloud whose bills tell no cost of what commitments cover, as Azure's actual cost does: in which months.
with told as (
    select
        cost.cloud,
        cost.commitment_id,
        cost.month
    from marts.commitment_cost as cost
    group by all
    having sum(cost.committed_cost) = 0 and sum(cost.on_demand_cost) > 0
)

select
    told.cloud,
    min(told.month) as first_month,
    max(told.month) as last_month
from told
group by told.cloud
order by told.cloud
