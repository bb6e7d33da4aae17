-- title: Release public addresses on network interfaces that no machine has used for {days} days
-- kind: address
-- verb: release
-- risk: R5
-- param days: 7
-- blind: Uses of an interface other than a machine or a private endpoint.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- AWS and Azure, whose network interfaces are read. microsoft/finops-toolkit counts an address on an
-- interface without a machine as idle (https://github.com/microsoft/finops-toolkit, FinOps hub recommendations); 7
-- days: Cloud Custodian's examples. No cloud says since when an interface is unused, so it counts from when it
-- was first seen as it is now. R5: the address has to be taken off the interface before it can be released, and the
-- gate has no verb for that.
select
    address.source,
    address.cloud,
    address.account,
    address.region,
    address.resource_id,
    address.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'on ' || coalesce(interface.name, interface.resource_id) || ', which no machine uses'
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(interface.unchanged_days < $days, true)
            then format(
                'since when no machine has used its interface; it has been watched for {:.0f} of {} days',
                floor(coalesce(interface.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as address
join marts.resource_now as interface
    on
        address.source = interface.source
        and address.cloud = interface.cloud
        and address.attached_to = interface.resource_id
left join marts.resource_run_rate as rate
    on address.cloud = rate.cloud and address.resource_id = rate.resource_id
where
    address.kind = 'address'
    and interface.kind = 'network_interface'
    and interface.state = 'available'
    and interface.attached_to is null
