-- One row per service of an account that has a forecast, with the account's name.
select
    total.cloud,
    total.account,
    max(coalesce(cost.account_name, total.account)) as account_name,
    total.service
from models.forecast_total as total
left join marts.monthly_cost as cost
    on total.cloud = cost.cloud and total.account = cost.account
where total.level = 'service' and total.horizon = 'month_end' and total.currency = getvariable('currency')
group by all
order by total.cloud, total.account, total.service
