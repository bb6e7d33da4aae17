-- title: Let buckets forget old versions of objects
-- kind: bucket
-- verb: review
-- risk: R0
-- about: governance
-- param least_cost: 10
-- blind: How much the old versions take, and whether somebody needs them.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Versions are kept and no rule expires old ones: AWS Trusted Advisor
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). Every overwrite and delete then stays
-- for ever, and is billed. How much that is the inventory does not tell, so no saving is claimed, and buckets below 10
-- currency units a month are left out. Google Cloud's rules about old versions are not told apart, so its rows say so.
select
    bucket.source,
    bucket.cloud,
    bucket.account,
    bucket.region,
    bucket.resource_id,
    'old versions stay for ever' as before,
    'they expire after 30 days' as after,
    format(
        'keeps versions and no rule expires old ones, costs {:.2f} {} a month',
        rate.cost_month::double, rate.currency
    ) as reason,
    if(
        json_extract_string(bucket.config, '$.expires_old_versions') is null,
        'whether a rule expires old versions',
        null
    ) as missing
from marts.resource_now as bucket
join marts.resource_run_rate as rate on bucket.cloud = rate.cloud and bucket.resource_id = rate.resource_id
where
    bucket.kind = 'bucket'
    and json_extract_string(bucket.config, '$.versioning') in ('enabled', 'true')
    and coalesce(json_extract_string(bucket.config, '$.expires_old_versions') = 'false', true)
    and rate.cost_month >= $least_cost
