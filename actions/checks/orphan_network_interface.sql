-- title: Delete network interfaces that nothing has used for {days} days
-- kind: network_interface
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- blind: Interfaces that a program keeps to attach them when it needs one.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Attached to no machine and no private endpoint: microsoft/finops-toolkit
-- (https://github.com/microsoft/finops-toolkit) and Cloud Custodian's examples; 30 days, from when it was first seen as it
-- is now. An interface costs nothing, so no saving is claimed; it takes up an address of its subnet and keeps security
-- groups from being deleted. A public address on it is another check's (address_on_unused_interface). Read on AWS, where
-- those that AWS makes for its services are left out, and on Azure.
select
    interface.source,
    interface.cloud,
    interface.account,
    interface.region,
    interface.resource_id,
    interface.state as before,
    'absent' as after,
    format('nothing has used it for {:.0f} days', floor(coalesce(interface.unchanged_days, 0))) as reason,
    if(
        coalesce(interface.unchanged_days < $days, true),
        format(
            'since when nothing uses it; it has been watched for {:.0f} of {} days',
            floor(coalesce(interface.unchanged_days, 0)), $days
        ),
        null
    ) as missing
from marts.resource_now as interface
where
    interface.kind = 'network_interface'
    and interface.state = 'available'
    and interface.attached_to is null
    and json_extract_string(interface.config, '$.made_by_aws') is distinct from 'true'
