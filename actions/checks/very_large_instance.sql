-- title: Justify machines of more than {vcpus} processors
-- kind: instance
-- verb: review
-- risk: R0
-- about: governance
-- param vcpus: 36
-- blind: What it does: some databases need one.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- turbot's thrifty mods list machines above 9xlarge, which has 36 processors (ec2_instance_with_large_size), and on Google
-- Cloud above 32. Whether it is too large is another check's (oversized_instance); this one asks for a reason.
select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    machine.sku as before,
    'a size with a reason' as after,
    format('{} has {:.0f} processors', machine.sku, machine.vcpus)
    || costs(rate.cost_month, rate.currency) as reason
from marts.resource_now as machine
left join marts.resource_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where machine.kind = 'instance' and machine.state = 'running' and machine.vcpus > $vcpus
