-- One row per billing month with costs.
select distinct monthly_cost.month
from marts.monthly_cost as monthly_cost
where monthly_cost.currency = getvariable('currency')
order by monthly_cost.month
