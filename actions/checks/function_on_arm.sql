-- title: Try functions on ARM processors, which cost a fifth less
-- kind: function
-- verb: review
-- risk: R0
-- about: governance
-- param least_cost: 25
-- param cheaper_share: 0.2
-- blind: Libraries that are built for one processor, and layers of others.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- turbot's thrifty mods (lambda_function_with_graviton2, https://hub.steampipe.io/mods/turbot/aws_thrifty). The same time
-- costs 20 % less on ARM (https://aws.amazon.com/lambda/pricing/). Whether a function runs there nothing proves before it
-- was tried, so no saving is claimed; functions below 25 currency units a month are left out.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'x86_64' as before,
    'arm64' as after,
    format('runs on x86, {}', coalesce(json_extract_string(base.config, '$.runtime'), 'an unknown runtime'))
    || format(
        ', costs {:.2f} {} a month, of which ARM would take off up to {:.2f}',
        rate.cost_month::double, rate.currency, rate.cost_month::double * $cheaper_share
    ) as reason
from marts.resource_now as base
join marts.resource_run_rate as rate on base.cloud = rate.cloud and base.resource_id = rate.resource_id
where
    base.kind = 'function'
    and base.cloud = 'aws'
    and json_extract_string(base.config, '$.architecture') = 'x86_64'
    and rate.cost_month >= $least_cost
