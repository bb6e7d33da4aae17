-- title: Delete private endpoints whose service has let them go
-- kind: private_endpoint
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Whether names still resolve to its address, so look into the private DNS zone.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Disconnected means that the service was deleted or has dropped the connection, which can't come back
-- (https://learn.microsoft.com/azure/private-link/manage-private-endpoint); each endpoint is billed by the hour
-- (https://azure.microsoft.com/pricing/details/private-link/). turbot's thrifty mods look for unused endpoints; 14
-- days: Cloud Custodian's mark-then-act time. It counts from when it was first seen as it is now. No cloud lets the
-- gate delete one yet, so a plan with it is refused: it is made by hand.
select
    endpoint.source,
    endpoint.cloud,
    endpoint.account,
    endpoint.region,
    endpoint.resource_id,
    endpoint.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'its connection is ' || endpoint.state
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(endpoint.unchanged_days < $days, true)
            then format(
                'since when its connection has been lost; it has been watched for {:.0f} of {} days',
                floor(coalesce(endpoint.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as endpoint
left join marts.resource_run_rate as rate
    on endpoint.cloud = rate.cloud and endpoint.resource_id = rate.resource_id
where
    endpoint.kind = 'private_endpoint'
    and endpoint.state in ('disconnected', 'rejected')
