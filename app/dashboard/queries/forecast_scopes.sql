-- One row per service of an account that has a forecast, with the account's name.
select distinct
    total.cloud,
    total.account,
    coalesce(named.account_name, total.account) as account_name,
    total.service
from models.forecast_total as total
left join marts.account as named using (cloud, account)
where total.level = 'service' and total.horizon = 'month_end' and total.currency = getvariable('currency')
order by total.cloud, total.account, total.service
