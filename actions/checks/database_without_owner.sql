-- title: Find owners of databases that nobody has signed for
-- kind: database
-- verb: review
-- risk: R0
-- about: governance
-- param days: 90
-- blind: Owners that are known elsewhere than in tags.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days: turbot's thrifty mod for DigitalOcean (https://hub.powerpipe.io/mods/turbot/digitalocean_thrifty);
-- Flowpipe's for Google Cloud says 15. Age alone proves nothing, so only those that no tag gives to anybody. Nothing
-- is claimed: ask, then tag or delete.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'no owner' as before,
    'a tag owner or team' as after,
    format('{:.0f} days old, and no tag says whose it is', floor(base.age_days)) as reason,
    null::varchar as missing
from marts.resource_now as base
where
    base.kind = 'database'
    and base.age_days >= $days
    and not regexp_matches(
        lower(coalesce(base.tags, '')), '"[^"]*(owner|team|ttl|contact|expir)[^"]*"\s*:\s*"\s*[^"\s]'
    )
    -- Tags of DigitalOcean may be words that say it all: team-web.
    and not (
        base.cloud = 'digitalocean'
        and regexp_matches(lower(coalesce(base.tags, '')), '"[^"]*(owner|team|ttl|contact|expir)[a-z]*[-_][^"]+"\s*:')
    )
