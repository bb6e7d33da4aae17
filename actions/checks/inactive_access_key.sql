-- title: Disable access keys that nobody has used for {days} days
-- kind: access_key
-- verb: review
-- risk: R0
-- about: security
-- param days: 90
-- blind: A key that is kept for an emergency.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days: hystax/optscale (inactive_users.py) and AWS's own rule iam-user-unused-credentials-check
-- (https://docs.aws.amazon.com/config/latest/developerguide/iam-user-unused-credentials-check.html); a key that was never
-- used counts from when it was made. Only AWS tells when a key was last used: of keys of other clouds the row says what
-- is missing.
with judged as (
    select
        secret_key.*,
        try_cast(json_extract_string(secret_key.config, '$.last_used') as date) as last_used
    from marts.resource_now as secret_key
    where secret_key.kind = 'access_key' and secret_key.state = 'active' and secret_key.age_days >= $days
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'disabled' as after,
    case
        when judged.cloud <> 'aws' then 'a key'
        when judged.last_used is null then 'never used'
        else format('last used {} days ago', date_diff('day', judged.last_used, getvariable('as_of')::date))
    end
    || format(', {:.0f} days old', floor(judged.age_days)) as reason,
    if(judged.cloud <> 'aws' and judged.last_used is null, 'when it was last used', null) as missing
from judged
where coalesce(judged.last_used < getvariable('as_of')::date - to_days($days::integer), true)
