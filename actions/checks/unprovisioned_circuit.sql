-- title: Delete ExpressRoute circuits that no provider has set up for {days} days
-- kind: circuit
-- verb: delete
-- risk: R4
-- param days: 30
-- blind: An order that the provider takes months for.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Not provisioned for a month: Azure Advisor
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations) and Microsoft's FinOps toolkit
-- (https://github.com/microsoft/finops-toolkit). Azure bills a circuit from the moment its service key is issued
-- (https://learn.microsoft.com/azure/expressroute/expressroute-faqs). It counts from when it was first seen as it is
-- now. R4: a new circuit has a new key. No cloud lets the gate delete one yet, so it is made by hand.
select
    circuit.source,
    circuit.cloud,
    circuit.account,
    circuit.region,
    circuit.resource_id,
    'not provisioned' as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'its provider' || coalesce(' ' || json_extract_string(circuit.config, '$.provider'), '') || ' has not set it up'
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when coalesce(circuit.unchanged_days < $days, true)
            then format(
                'since when its provider has not set it up; it has been watched for {:.0f} of {} days',
                floor(coalesce(circuit.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as circuit
left join marts.resource_run_rate as rate
    on circuit.cloud = rate.cloud and circuit.resource_id = rate.resource_id
where
    circuit.kind = 'circuit'
    and json_extract_string(circuit.config, '$.provider_state') = 'notprovisioned'
