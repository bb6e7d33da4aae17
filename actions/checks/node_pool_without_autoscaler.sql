-- title: Let node pools of Kubernetes clusters scale
-- kind: node_pool
-- verb: configure
-- risk: R5
-- about: capacity
-- blind: What scales the pool from outside, such as Karpenter, and loads that never change.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No autoscaler: Flowpipe's thrifty mod for Google Cloud (https://hub.flowpipe.io/mods/turbot/gcp_thrifty), and
-- Azure's guidance (https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview). Left out: pools of one node,
-- pools for the cluster's own services, and Autopilot. What it would save is told by `idle_cluster_share`, where the
-- cluster is read.
select
    pool.source,
    pool.cloud,
    pool.account,
    pool.region,
    pool.resource_id,
    coalesce(json_extract_string(pool.config, '$.nodes') || ' nodes', 'a fixed number of nodes') as before,
    'autoscaling' as after,
    coalesce(json_extract_string(pool.config, '$.nodes') || ' nodes', 'a fixed number of nodes')
    || ', whatever runs on them' as reason,
    null::varchar as missing
from marts.resource_now as pool
left join marts.resource_now as fleet
    on
        pool.source = fleet.source
        and pool.member_of = fleet.resource_id
        and fleet.kind = 'cluster'
where
    pool.kind = 'node_pool'
    and pool.state = 'active'
    and json_extract_string(pool.config, '$.autoscaling') = 'false'
    and json_extract_string(pool.config, '$.mode') = 'user'
    and coalesce(try_cast(json_extract_string(pool.config, '$.nodes') as integer) > 1, true)
    and coalesce(fleet.sku <> 'autopilot', true)
