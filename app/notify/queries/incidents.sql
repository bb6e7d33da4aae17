-- One row per open incident, with the name of its account; the largest of each currency first.
with account as (
    select
        monthly_cost.cloud,
        monthly_cost.account,
        max(monthly_cost.account_name) as account_name
    from marts.monthly_cost as monthly_cost
    group by all
)

select
    anomaly_now.*,
    coalesce(account.account_name, anomaly_now.account) as account_name
from marts.anomaly_now as anomaly_now
left join account using (cloud, account)
where anomaly_now.is_open
order by anomaly_now.currency asc, abs(anomaly_now.impact) desc nulls last, anomaly_now.id asc
