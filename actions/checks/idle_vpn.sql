-- title: Delete VPN connections whose tunnels have been down for {days} days
-- kind: vpn_connection
-- verb: delete
-- risk: R3
-- param days: 90
-- blind: A line that waits for another one to fail.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No tunnel is up and none has changed for 90 days: Azure Advisor's time for idle gateways
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations); turbot's thrifty mods ask for no
-- tunnel at all. AWS tells of each tunnel whether it is up and when that last changed. Making it again needs new keys on
-- both sides. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
select
    link.source,
    link.cloud,
    link.account,
    link.region,
    link.resource_id,
    link.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(json_extract_string(link.config, '$.tunnels_up') is null, 'a VPN connection', 'no tunnel is up')
    || coalesce(format(', for {:.0f} days', floor(link.state_days)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(link.config, '$.tunnels_up') is null then 'whether its tunnels are up'
        when link.state_days is null then 'since when its tunnels have been down'
    end as missing
from marts.resource_now as link
left join marts.resource_run_rate as rate
    on link.cloud = rate.cloud and link.resource_id = rate.resource_id
where
    link.kind = 'vpn_connection'
    and link.state = 'active'
    and coalesce(json_extract_string(link.config, '$.tunnels_up') = '0', true)
    and coalesce(link.state_days >= $days, true)
