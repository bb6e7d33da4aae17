-- title: Delete Data Explorer clusters that have been stopped for {days} days
-- kind: analytics_cluster
-- verb: delete
-- risk: R4
-- param days: 60
-- blind: Data that has to be kept: export it first.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Stopped for 60 days: Azure Advisor
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations). Its machines cost nothing then,
-- its storage does (https://learn.microsoft.com/azure/data-explorer/pricing-cost-drivers). It counts from when it was
-- first seen as it is now. R4: nothing brings its data back. No cloud lets the gate delete one yet, so it is made by
-- hand.
select
    cluster.source,
    cluster.cloud,
    cluster.account,
    cluster.region,
    cluster.resource_id,
    cluster.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'stopped'
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(cluster.unchanged_days < $days, true)
            then format(
                'since when it has been stopped; it has been watched for {:.0f} of {} days',
                floor(coalesce(cluster.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as cluster
left join marts.resource_run_rate as rate
    on cluster.cloud = rate.cloud and cluster.resource_id = rate.resource_id
where
    cluster.kind = 'analytics_cluster'
    and cluster.state = 'stopped'
