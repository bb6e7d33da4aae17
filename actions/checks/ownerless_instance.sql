-- title: Ask who owns machines that have run for {days} days without an owner
-- kind: instance
-- verb: review
-- risk: R0
-- about: governance
-- param days: 90
-- param owner_tags: ^(owner|team|contact|created.?by|cost.?cent(er|re)|project|app|application|service|ttl|expires?(.?(at|on))?)$
-- blind: Owners that are told elsewhere, such as by the account.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Older than 90 days, and no tag says whose it is or until when: turbot's thrifty mods judge age alone
-- (ec2_instance_running_max_age), Cloud Custodian asks after 60 days (https://cloudcustodian.io/docs/aws/examples/). Machines
-- of a scaling group or cluster belong to it. Own machines are left out: they have no tags.
with machine as (
    select
        instance.*,
        list_filter(
            map_entries(from_json(coalesce(instance.tags, '{}'), '"MAP(VARCHAR, VARCHAR)"')),
            lambda tag: regexp_matches(lower(tag.key), $owner_tags) and trim(tag.value) <> ''
        ) as owners
    from marts.resource_now as instance
    where
        instance.kind = 'instance'
        and instance.cloud <> 'onprem'
        and instance.state = 'running'
        and instance.member_of is null
        and coalesce(instance.age_days > $days, true)
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    'nobody''s' as before,
    'somebody''s' as after,
    'no tag says whose it is'
    || coalesce(format(', {:.0f} days old', floor(machine.age_days)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    if(machine.age_days is null, 'when it was created', null) as missing
from machine
left join marts.resource_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where len(machine.owners) = 0
