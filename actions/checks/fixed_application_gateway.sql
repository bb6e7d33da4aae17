-- title: Let application gateways scale with their traffic
-- kind: load_balancer
-- verb: configure
-- risk: R5
-- about: capacity
-- param instances: 2
-- blind: The traffic, which may need all instances at all times.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No autoscaling: turbot's thrifty mods and Microsoft's guidance
-- (https://learn.microsoft.com/azure/application-gateway/application-gateway-autoscaling-zone-redundant). Each fixed
-- instance reserves 10 capacity units, used or not
-- (https://learn.microsoft.com/azure/application-gateway/understanding-pricing). Two instances are what availability
-- asks for anyway, so more than two are worth a look. Advice: nothing here tells what it would save.
select
    gateway.source,
    gateway.cloud,
    gateway.account,
    gateway.region,
    gateway.resource_id,
    json_extract_string(gateway.config, '$.capacity') || ' instances' as before,
    'autoscaling' as after,
    json_extract_string(gateway.config, '$.capacity') || ' instances, whatever the traffic' as reason,
    null::varchar as missing
from marts.resource_now as gateway
where
    gateway.kind = 'load_balancer'
    and gateway.sku = 'application'
    and json_extract_string(gateway.config, '$.tier') in ('standard_v2', 'waf_v2')
    and json_extract_string(gateway.config, '$.autoscaling') = 'false'
    and json_extract_string(gateway.config, '$.targets') <> '0'
    and try_cast(json_extract_string(gateway.config, '$.capacity') as integer) > $instances
