-- title: Delete DDoS protection plans that protect nothing
-- kind: ddos_plan
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Networks of another tenant that use the plan.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No network: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit); 14 days: Cloud Custodian's
-- mark-then-act time (https://cloudcustodian.io/docs/azure/examples/). A plan has a fixed price a month for up to 100
-- addresses (https://azure.microsoft.com/pricing/details/ddos-protection/). It counts from when it was first seen as
-- it is now. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
select
    plan.source,
    plan.cloud,
    plan.account,
    plan.region,
    plan.resource_id,
    plan.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'protects no network and no address'
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(plan.unchanged_days < $days, true)
            then format(
                'since when it has protected nothing; it has been watched for {:.0f} of {} days',
                floor(coalesce(plan.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as plan
left join marts.resource_run_rate as rate
    on plan.cloud = rate.cloud and plan.resource_id = rate.resource_id
where
    plan.kind = 'ddos_plan'
    and plan.state = 'available'
