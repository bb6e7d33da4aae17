-- title: Repair load balancers whose rules lead to nothing
-- kind: load_balancer
-- verb: review
-- risk: R0
-- about: resilience
-- blind: A pool that a deployment fills in a moment.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Rules without a pool or with an empty one, and balancers without any rule: turbot's thrifty mods. A rule that leads
-- to nothing drops what comes in (https://learn.microsoft.com/azure/load-balancer/components). Balancers that have no
-- target at all are found by `idle_load_balancer`. Read on Azure.
select
    balancer.source,
    balancer.cloud,
    balancer.account,
    balancer.region,
    balancer.resource_id,
    json_extract_string(balancer.config, '$.rules') || ' rules' as before,
    'each rule with a target' as after,
    if(
        json_extract_string(balancer.config, '$.rules') = '0',
        json_extract_string(balancer.config, '$.targets') || ' targets, but no rule leads to them',
        format(
            '{} of {} rules lead to no target',
            json_extract_string(balancer.config, '$.rules_without_target'),
            json_extract_string(balancer.config, '$.rules')
        )
    ) as reason,
    null::varchar as missing
from marts.resource_now as balancer
where
    balancer.kind = 'load_balancer'
    and try_cast(json_extract_string(balancer.config, '$.targets') as integer) > 0
    and (
        try_cast(json_extract_string(balancer.config, '$.rules_without_target') as integer) > 0
        or (
            json_extract_string(balancer.config, '$.rules') = '0'
            and json_extract_string(balancer.config, '$.other_rules') = '0'
        )
    )
