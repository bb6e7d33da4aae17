-- title: Delete App Service plans that no app runs on
-- kind: app_plan
-- verb: delete
-- risk: R3
-- param days: 3
-- blind: A plan that waits for an app which is deployed next week.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No app, and for 3 days: Azure Advisor
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations) and Microsoft's FinOps toolkit
-- (https://github.com/microsoft/finops-toolkit). A plan is paid by its machines, whatever runs on them
-- (https://learn.microsoft.com/azure/app-service/overview-hosting-plans); plans that are free or paid by use are left
-- out. It counts from when the plan was first seen as it is now. No cloud lets the gate delete one yet, so a plan
-- with it is refused: it is made by hand.
select
    plan.source,
    plan.cloud,
    plan.account,
    plan.region,
    plan.resource_id,
    plan.sku as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(json_extract_string(plan.config, '$.apps') is null, 'an App Service plan', 'no app on it')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(plan.config, '$.apps') is null then 'how many apps run on it'
        when coalesce(plan.unchanged_days < $days, true)
            then format(
                'since when no app has run on it; it has been watched for {:.0f} of {} days',
                floor(coalesce(plan.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as plan
left join marts.resource_run_rate as rate
    on plan.cloud = rate.cloud and plan.resource_id = rate.resource_id
where
    plan.kind = 'app_plan'
    and coalesce(json_extract_string(plan.config, '$.apps') = '0', true)
    and coalesce(
        json_extract_string(plan.config, '$.tier') not in ('free', 'shared', 'dynamic', 'flexconsumption'), true
    )
