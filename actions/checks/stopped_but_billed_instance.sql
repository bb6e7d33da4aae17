-- title: Stop paying for machines that are switched off
-- kind: instance
-- verb: stop
-- risk: R1
-- param days: 1
-- param billed_until_deleted: digitalocean
-- blind: Whether somebody keeps the machine allocated to be sure of its capacity.
-- harm: Nothing runs on it. Its capacity, its temporary disk and an address that isn't reserved are given back.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.unchanged_days, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 1 day: hystax/optscale (instances_in_stopped_state_for_a_long_time). Azure bills a machine that is stopped but not
-- deallocated (https://learn.microsoft.com/azure/virtual-machines/states-billing); stopping it again gives it back. A
-- DigitalOcean droplet is billed until it is destroyed
-- (https://docs.digitalocean.com/products/droplets/details/pricing/), so there the way is a snapshot and a delete, R3.
-- Neither says since when, so it counts from when the machine was first seen as it is now.
select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    if(machine.cloud = $billed_until_deleted, 'delete', 'stop') as verb,
    machine.state as before,
    if(machine.cloud = $billed_until_deleted, 'absent', 'stopped') as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(machine.cloud = $billed_until_deleted, 'R3', 'R1') as risk,
    coalesce(
        format('switched off but billed for {:.0f} days', floor(coalesce(machine.state_days, machine.unchanged_days))),
        'switched off but billed'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when machine.state_days is null and coalesce(machine.unchanged_days < $days, true)
            then 'since when it has been switched off'
    end as missing
from marts.resource_now as machine
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    machine.kind = 'instance'
    and machine.state = 'stopped_billed'
    and coalesce(machine.state_days >= $days, true)
