-- One row per account that is billed in this currency, with its name. Accounts of two clouds may have one id.
select distinct
    monthly_cost.cloud,
    monthly_cost.account,
    coalesce(named.account_name, monthly_cost.account) as account_name
from marts.monthly_cost as monthly_cost
left join marts.account as named using (cloud, account)
where monthly_cost.currency = getvariable('currency')
order by account_name, monthly_cost.cloud, monthly_cost.account
