-- title: Delete health checks that no DNS record needs
-- kind: health_check
-- verb: review
-- risk: R0
-- about: governance
-- blind: Alarms and people that look at its result.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No record of any zone of the account and no other check names it: turbot's thrifty mods (route53_health_check_unused,
-- https://hub.steampipe.io/mods/turbot/aws_thrifty). It costs 0.50 to 2.00 USD a month (https://aws.amazon.com/route53/pricing/),
-- mostly less than is worth a finding of its own, so no saving is claimed.
select
    probe.source,
    probe.cloud,
    probe.account,
    probe.region,
    probe.resource_id,
    probe.state as before,
    'absent' as after,
    'no record needs it' || coalesce(', asks ' || probe.name, '')
    || costs(rate.cost_month, rate.currency) as reason,
    if(json_extract_string(probe.config, '$.used') is null, 'whether a record needs it', null) as missing
from marts.resource_now as probe
left join marts.resource_run_rate as rate
    on probe.cloud = rate.cloud and probe.resource_id = rate.resource_id
where
    probe.kind = 'health_check'
    and coalesce(json_extract_string(probe.config, '$.used') = 'false', true)
    and json_extract_string(probe.config, '$.alarm') is distinct from 'true'
    and json_extract_string(probe.config, '$.made_by_aws') is distinct from 'true'
