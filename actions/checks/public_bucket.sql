-- title: Close buckets that everybody may read
-- kind: bucket
-- verb: review
-- risk: R0
-- about: security
-- blind: What a whole account of AWS forbids, objects with grants of their own, and a bucket that is a web site.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Its policy or its list of grants lets everybody in, and nothing on it forbids that: hystax/optscale
-- (s3_public_buckets.py), by AWS's own judgement of the policy
-- (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html). Google Cloud and Azure say
-- so only where they forbid it; where they don't, and on DigitalOcean, the row says what is missing.
select
    bucket.source,
    bucket.cloud,
    bucket.account,
    bucket.region,
    bucket.resource_id,
    'everybody may read it' as before,
    'only who needs it may' as after,
    if(
        json_extract_string(bucket.config, '$.public') = 'true',
        'its policy or grants let everybody in',
        'a bucket'
    ) as reason,
    if(json_extract_string(bucket.config, '$.public') is null, 'who may read it', null) as missing
from marts.resource_now as bucket
where bucket.kind = 'bucket' and coalesce(json_extract_string(bucket.config, '$.public') = 'true', true)
