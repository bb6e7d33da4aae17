-- title: Run tests on spot nodes
-- kind: cluster
-- verb: review
-- risk: R0
-- about: capacity
-- param outside: ^(dev|test|tst|qa|uat|stag|stg|int($|[-_.])|integration|sandbox|sbx|non.?prod|demo|poc|preview|lab)
-- blind: Whether a workload has several replicas, keeps state, or ends well when it is told to.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- A cluster whose pools scale and that has no spot nodes: Microsoft's FinOps toolkit
-- (https://github.com/microsoft/finops-toolkit); we look outside production only, where an interruption hurts least.
-- The tag environment or env says what it serves. Spot nodes may be taken away at any time
-- (https://learn.microsoft.com/azure/aks/spot-node-pool,
-- https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms); which workloads can stand that nothing here
-- says, so no saving is claimed. DigitalOcean has none.
with pool as (
    select
        pool.source,
        pool.member_of,
        count(*) filter (
            where
            json_extract_string(pool.config, '$.autoscaling') = 'true'
            and json_extract_string(pool.config, '$.mode') = 'user'
            and json_extract_string(pool.config, '$.os') = 'linux'
        ) as scaled,
        bool_or(json_extract_string(pool.config, '$.spot') = 'true') as has_spot
    from marts.resource_now as pool
    where pool.kind = 'node_pool' and json_extract_string(pool.config, '$.spot') is not null
    group by all
)

select
    fleet.source,
    fleet.cloud,
    fleet.account,
    fleet.region,
    fleet.resource_id,
    'no spot nodes' as before,
    'a pool of spot nodes' as after,
    format('{} of its node pools scale, and none has spot nodes', pool.scaled)
    || coalesce(', serves ' || fleet.env, '') as reason,
    if(fleet.env is null, 'which environment it serves: it has no tag environment or env', null) as missing
from marts.resource_now as fleet
join pool on fleet.source = pool.source and fleet.resource_id = pool.member_of
where
    fleet.kind = 'cluster'
    and fleet.state = 'active'
    and coalesce(fleet.sku <> 'autopilot', true)
    and pool.scaled > 0
    and not pool.has_spot
    and coalesce(regexp_matches(lower(fleet.env), $outside), true)
