-- title: Let Data Explorer clusters scale
-- kind: analytics_cluster
-- verb: configure
-- risk: R5
-- about: capacity
-- blind: Custom autoscale, which is a rule of Azure Monitor, and how busy the cluster is.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No optimized autoscale: Azure Advisor
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations). It follows use, and never goes
-- below two nodes (https://learn.microsoft.com/azure/data-explorer/manage-cluster-horizontal-scaling). Advice:
-- nothing here tells what it would save.
select
    cluster.source,
    cluster.cloud,
    cluster.account,
    cluster.region,
    cluster.resource_id,
    json_extract_string(cluster.config, '$.nodes') || ' nodes' as before,
    'optimized autoscale' as after,
    json_extract_string(cluster.config, '$.nodes') || ' nodes, whatever is asked of them' as reason,
    null::varchar as missing
from marts.resource_now as cluster
where
    cluster.kind = 'analytics_cluster'
    and cluster.state = 'running'
    and json_extract_string(cluster.config, '$.autoscaling') = 'false'
    -- Clusters for development have one node, and two are the least of the others.
    and try_cast(json_extract_string(cluster.config, '$.nodes') as integer) > 2
