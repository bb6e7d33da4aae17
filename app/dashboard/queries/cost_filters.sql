-- One row per combination of the values that costs can be filtered by.
select distinct
    monthly_cost.cloud,
    monthly_cost.account,
    coalesce(named.account_name, monthly_cost.account) as account_name,
    monthly_cost.service,
    monthly_cost.region,
    monthly_cost.charge_category
from marts.monthly_cost as monthly_cost
left join marts.account as named using (cloud, account)
where monthly_cost.currency = getvariable('currency')
