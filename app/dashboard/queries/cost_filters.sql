-- One row per combination of the values that costs can be filtered by.
select distinct
    monthly_cost.cloud,
    monthly_cost.service,
    monthly_cost.region,
    monthly_cost.charge_category
from marts.monthly_cost as monthly_cost
where monthly_cost.currency = getvariable('currency')
