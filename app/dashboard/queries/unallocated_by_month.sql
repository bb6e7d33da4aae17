-- One row per month: the share of cost that nobody owns.
select
    unallocated_cost.month,
    if(
        sum(unallocated_cost.unallocated_cost) between 0 and sum(unallocated_cost.effective_cost),
        sum(unallocated_cost.unallocated_cost)::double / nullif(sum(unallocated_cost.effective_cost), 0)::double,
        null
    ) as share
from marts.unallocated_cost as unallocated_cost
where unallocated_cost.currency = getvariable('currency')
group by all
order by unallocated_cost.month
