-- title: Let groups of sole-tenant nodes scale
-- kind: node_group
-- verb: configure
-- risk: R5
-- about: capacity
-- blind: How full the nodes are, and licences that are bound to them.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No autoscaler: Flowpipe's thrifty mod for Google Cloud (https://hub.flowpipe.io/mods/turbot/gcp_thrifty). A node is
-- paid as a whole, whatever runs on it (https://cloud.google.com/compute/docs/nodes/autoscaling-node-groups). Advice:
-- nothing here tells what it would save.
select
    nodes.source,
    nodes.cloud,
    nodes.account,
    nodes.region,
    nodes.resource_id,
    json_extract_string(nodes.config, '$.nodes') || ' nodes' as before,
    'autoscaling' as after,
    json_extract_string(nodes.config, '$.nodes') || ' nodes, whatever runs on them' as reason,
    null::varchar as missing
from marts.resource_now as nodes
where
    nodes.kind = 'node_group'
    and json_extract_string(nodes.config, '$.autoscaling') = 'false'
    and try_cast(json_extract_string(nodes.config, '$.nodes') as integer) > 1
