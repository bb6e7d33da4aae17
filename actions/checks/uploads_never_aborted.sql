-- title: Let buckets forget uploads that were never finished
-- kind: bucket
-- verb: review
-- risk: R0
-- about: governance
-- param least_cost: 10
-- blind: Whether there are any: parts of uploads are stored and billed, but listed nowhere.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No rule ends unfinished uploads: AWS Trusted Advisor's check of incomplete multipart uploads, which asks for 7 days
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). How much they take the inventory does
-- not tell, so no saving is claimed, and buckets below 10 currency units a month are left out.
select
    bucket.source,
    bucket.cloud,
    bucket.account,
    bucket.region,
    bucket.resource_id,
    'unfinished uploads stay for ever' as before,
    'they end after 7 days' as after,
    format(
        'no rule ends unfinished uploads, costs {:.2f} {} a month', rate.cost_month::double, rate.currency
    ) as reason,
    if(json_extract_string(bucket.config, '$.aborts_uploads') is null, 'whether a rule ends uploads', null) as missing
from marts.resource_now as bucket
join marts.resource_run_rate as rate on bucket.cloud = rate.cloud and bucket.resource_id = rate.resource_id
where
    bucket.kind = 'bucket'
    and bucket.cloud = 'aws'
    and coalesce(json_extract_string(bucket.config, '$.aborts_uploads') = 'false', true)
    and rate.cost_month >= $least_cost
