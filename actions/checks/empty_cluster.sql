-- title: Delete Kubernetes clusters that have had no node for {days} days
-- kind: cluster
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Clusters whose nodes nobody reads (EKS on Fargate), and one that waits empty for a disaster.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No node, so no workload, for 14 days: our rule, from catalogue K8S-10; turbot's thrifty mods judge age alone. What
-- is paid is the control plane (https://cloud.google.com/kubernetes-engine/pricing,
-- https://azure.microsoft.com/pricing/details/kubernetes-service/). Nodes are counted on Azure, Google Cloud and
-- DigitalOcean; EKS tells none, so there a cluster without a known machine says what is missing, as pods may run on
-- Fargate. It counts from when the cluster was first seen as it is now, so one that grows for the night is left alone.
-- Left out: ECS, whose clusters cost nothing, Autopilot, which has no nodes to count, free tiers and stopped clusters.
-- No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
with judged as (
    select
        cluster.*,
        try_cast(json_extract_string(cluster.config, '$.nodes') as integer) as nodes
    from marts.resource_now as cluster
    where
        cluster.kind = 'cluster'
        and cluster.state = 'active'
        and coalesce(cluster.sku not in ('ecs', 'autopilot', 'free'), true)
        and coalesce(cluster.age_days >= $days, true)
        and not exists (
            select 1
            from marts.resource_now as machine
            left join marts.resource_now as scaling
                on
                    scaling.kind = 'scaling_group'
                    and machine.cloud = scaling.cloud
                    and machine.member_of = scaling.resource_id
            where
                machine.kind = 'instance'
                and cluster.cloud = machine.cloud
                and coalesce(scaling.member_of, machine.member_of) = cluster.resource_id
        )
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(judged.nodes = 0, 'no node', 'no node is known')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when judged.nodes is null and judged.sku = 'eks' then 'whether its pods run on Fargate'
        when judged.nodes is null then 'how many nodes it has'
        when coalesce(judged.unchanged_days < $days, true)
            then format(
                'since when it has had no node; it has been watched for {:.0f} of {} days',
                floor(coalesce(judged.unchanged_days, 0)), $days
            )
    end as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
where coalesce(judged.nodes = 0, true)
