-- One row per month: the share of cost that nobody owns.
select
    unallocated_cost.month,
    (sum(unallocated_cost.unallocated_cost) / nullif(sum(unallocated_cost.effective_cost), 0))::double as share
from marts.unallocated_cost as unallocated_cost
where unallocated_cost.currency = getvariable('currency')
group by all
order by unallocated_cost.month
