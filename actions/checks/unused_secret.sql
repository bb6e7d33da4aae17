-- title: Delete secrets that nothing has read for {days} days
-- kind: secret
-- verb: review
-- risk: R0
-- about: governance
-- param days: 90
-- blind: A secret that is kept for an emergency.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days: turbot's thrifty mods (secretsmanager_secret_unused). A secret costs 0.40 USD a month
-- (https://aws.amazon.com/secrets-manager/pricing/), less than is worth a finding; that nobody needs it any more, and it
-- still opens something, is the point. One that was never read counts from when it was made.
with judged as (
    select
        secret.*,
        try_cast(json_extract_string(secret.config, '$.last_used') as date) as last_used
    from marts.resource_now as secret
    where secret.kind = 'secret' and secret.state = 'active' and coalesce(secret.age_days >= $days, true)
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'absent' as after,
    coalesce(
        format('last read {} days ago', date_diff('day', judged.last_used, getvariable('as_of')::date)), 'never read'
    )
    || coalesce(format(', {:.0f} days old', floor(judged.age_days)), '')
    || if(json_extract_string(judged.config, '$.rotates') = 'true', ', and still rotated', '') as reason,
    case
        when judged.cloud <> 'aws' and judged.last_used is null then 'when it was last read'
        when judged.age_days is null then 'when it was created'
    end as missing
from judged
where coalesce(judged.last_used < getvariable('as_of')::date - to_days($days::integer), true)
