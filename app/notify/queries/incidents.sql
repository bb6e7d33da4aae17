-- One row per open incident, with the name of its account; the largest of each currency first.
select
    anomaly_now.*,
    coalesce(named.account_name, anomaly_now.account) as account_name
from marts.anomaly_now as anomaly_now
left join marts.account as named using (cloud, account)
where anomaly_now.is_open
order by anomaly_now.currency asc, abs(anomaly_now.impact) desc nulls last, anomaly_now.id asc
