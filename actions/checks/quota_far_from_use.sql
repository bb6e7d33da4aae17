-- title: Bring quotas of Kubernetes near to what is used
-- kind: quota
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param low: 0.3
-- param high: 0.9
-- blind: Peaks between two readings, and quotas that are meant as an upper bound only.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Below 30 % or above 90 % of its limits for all of 14 days: our rule, from catalogue K8S-12. The limit of which the
-- largest part is used counts (https://kubernetes.io/docs/concepts/policy/resource-quotas/). A quota that is far too
-- large guards nothing; one that is nearly full stops the next deployment. It saves nothing by itself.
with look as (
    select
        resource.source,
        resource.account,
        resource.resource_id,
        greatest(resource.valid_from, getvariable('as_of') - to_days($days::integer)) as begins_at,
        coalesce(resource.valid_to, getvariable('as_of')) as ends_at,
        try_cast(json_extract_string(resource.config, '$.used_share') as double) as used_share
    from raw.resource as resource
    where
        resource.kind = 'quota'
        and resource.cloud = 'kubernetes'
        and coalesce(resource.valid_to > getvariable('as_of') - to_days($days::integer), true)
),

watched as (
    select
        look.source,
        look.account,
        look.resource_id,
        sum(date_diff('second', look.begins_at, look.ends_at)) / 86400 as days,
        min(look.used_share) as least,
        max(look.used_share) as most,
        count(*) = count(look.used_share) as is_known
    from look
    group by all
)

select
    quota.source,
    quota.cloud,
    quota.account,
    quota.region,
    quota.resource_id,
    format('{:.0f} % used', 100 * watched.most) as before,
    if(watched.most < $low, 'a smaller quota', 'a larger quota') as after,
    format(
        'in {:.0f} days {:.0f} to {:.0f} % of its tightest limit were used, now that of {}',
        watched.days, 100 * watched.least, 100 * watched.most, json_extract_string(quota.config, '$.tightest')
    ) as reason,
    if(
        watched.days < $days * 0.99,
        format('how much of it was used in {} days, {:.0f} are known', $days, watched.days),
        null
    ) as missing
from marts.resource_now as quota
join watched using (source, account, resource_id)
where
    quota.kind = 'quota'
    and quota.cloud = 'kubernetes'
    and watched.is_known
    and (watched.most < $low or watched.least > $high)
