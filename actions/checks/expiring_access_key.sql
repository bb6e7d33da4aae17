-- title: Renew keys that expire soon or never
-- kind: access_key
-- verb: review
-- risk: R0
-- about: security
-- param days_left: 30
-- param days_valid: 730
-- blind: Whether the key is used; and secrets of applications, which are not read.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Less than 30 days left, or valid for more than two years: Azure Optimization Engine
-- (https://github.com/microsoft/finops-toolkit, src/optimization-engine). Read of Google Cloud's service account
-- keys, which never expire unless somebody says so
-- (https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys); keys of AWS and DigitalOcean
-- have no end that their clouds tell.
with judged as (
    select
        key.*,
        try_cast(json_extract_string(key.config, '$.expires_at') as timestamp) as expires_at,
        date_diff('day', getvariable('as_of'), expires_at) as days_left,
        date_diff('day', key.created_at, expires_at) as days_valid
    from marts.resource_now as key
    where
        key.kind = 'access_key'
        and key.state = 'active'
        and json_extract_string(key.config, '$.expires_at') is not null
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    if(year(judged.expires_at) >= 9999, 'never expires', format('expires on {}', judged.expires_at::date)) as before,
    if(judged.days_left < $days_left, 'renewed', format('valid for at most {} days', $days_valid)) as after,
    case
        when judged.days_left < 0 then format('expired {} days ago', -judged.days_left)
        when judged.days_left < $days_left then format('expires in {} days', judged.days_left)
        when year(judged.expires_at) >= 9999 then 'never expires'
        else format('valid for {} days', judged.days_valid)
    end
    || coalesce(format(', {:.0f} days old', floor(judged.age_days)), '') as reason,
    null::varchar as missing
from judged
where judged.days_left < $days_left or judged.days_valid > $days_valid
