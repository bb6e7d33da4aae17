-- One row per open anomaly, the largest impact first.
with account as (
    select
        monthly_cost.cloud,
        monthly_cost.account,
        max(monthly_cost.account_name) as account_name
    from marts.monthly_cost as monthly_cost
    group by all
)

select
    anomaly_now.id,
    anomaly_now.cloud,
    coalesce(account.account_name, anomaly_now.account) as account,
    anomaly_now.service,
    anomaly_now.starts_on,
    anomaly_now.impact
from marts.anomaly_now as anomaly_now
left join account using (cloud, account)
where anomaly_now.is_open and anomaly_now.currency = getvariable('currency')
order by abs(anomaly_now.impact) desc, anomaly_now.id
limit 5
