-- One row per anomaly, the largest impact first.
select
    anomaly_now.*,
    anomaly_now.actual / nullif(anomaly_now.expected, 0) - 1 as change,
    coalesce(named.account_name, anomaly_now.account) as account_name,
    resource_now.name as resource_name,
    resource_now.kind as resource_kind,
    resource_now.region as resource_region,
    resource_now.sku as resource_sku,
    resource_now.state as resource_state,
    resource_now.team as resource_team,
    resource_now.env as resource_env
from marts.anomaly_now as anomaly_now
left join marts.account as named using (cloud, account)
left join marts.billed_resource as billed
    on anomaly_now.cloud = billed.cloud and anomaly_now.resource_id = billed.billed_id
left join marts.resource_now as resource_now
    on
        anomaly_now.cloud = resource_now.cloud
        and anomaly_now.account = resource_now.account
        and coalesce(billed.resource_id, anomaly_now.resource_id) = resource_now.resource_id
where anomaly_now.currency = getvariable('currency')
qualify row_number() over (partition by anomaly_now.id order by resource_now.kind) = 1
order by abs(anomaly_now.impact) desc, anomaly_now.id
