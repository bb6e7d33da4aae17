-- title: Release public addresses of machines that have been switched off for {days} days
-- kind: address
-- verb: release
-- risk: R5
-- param days: 30
-- blind: DNS records and allow lists that name the address, which can't be had again.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.attached_to,
-- evidence: resource.config, resource.tags, machine.name as machine, machine.state as machine_state,
-- evidence: machine.state_since as machine_state_since, machine.state_days as machine_state_days,
-- evidence: machine.unchanged_days as machine_unchanged_days, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_now as interface on resource.source =
-- evidence: interface.source and resource.attached_to = interface.resource_id and interface.kind = 'network_interface'
-- evidence: left join marts.resource_now as machine on resource.source = machine.source and coalesce(
-- evidence: interface.attached_to, resource.attached_to) = machine.resource_id and machine.kind = 'instance' left join
-- evidence: marts.resource_run_rate as rate on resource.cloud = rate.cloud and resource.resource_id = rate.resource_id
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- AWS Trusted Advisor counts an address on a stopped instance as unused
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html); 30 days, as the machine itself
-- is offered then (stopped_too_long). On Azure the address is on a network interface of the machine. AWS and Google
-- Cloud say since when a machine is off; Azure does not, so there it counts from when it was first seen as it is now.
-- R5 and not R4: an address has to be taken off the machine before it can be released, and the gate has no verb for
-- that. An AWS address that is known only by a network interface is not judged, as AWS's interfaces are not read;
-- DigitalOcean's are free while a droplet has them.
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
    'on ' || coalesce(machine.name, machine.resource_id) || ', '
    || coalesce(
        format('switched off for {:.0f} days', floor(coalesce(machine.state_days, machine.unchanged_days))),
        'switched off'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when machine.state_days is null and coalesce(machine.unchanged_days < $days, true)
            then format(
                'since when its machine has been switched off; it has been watched for {:.0f} of {} days',
                floor(coalesce(machine.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as address
left join marts.resource_now as interface
    on
        address.source = interface.source
        and address.cloud = interface.cloud
        and address.attached_to = interface.resource_id
        and interface.kind = 'network_interface'
join marts.resource_now as machine
    on
        address.source = machine.source
        and address.cloud = machine.cloud
        and address.account = machine.account
        and coalesce(interface.attached_to, address.attached_to) = machine.resource_id
left join marts.resource_run_rate as rate
    on address.cloud = rate.cloud and address.resource_id = rate.resource_id
where
    address.kind = 'address'
    and machine.kind = 'instance'
    and machine.state = 'stopped'
    and coalesce(machine.state_days >= $days, true)
