-- title: Run databases outside production in a lower tier
-- kind: database
-- verb: review
-- risk: R0
-- about: governance
-- param premium: ^(P\d+|BC_.*)$
-- param outside: ^(dev|test|tst|qa|uat|stag|stg|int($|[-_.])|integration|sandbox|sbx|non.?prod|demo|poc|preview|lab)
-- blind: A test of speed or of failover.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Premium and business critical tiers outside production: Cloud Custodian's examples
-- (https://cloudcustodian.io/docs/azure/examples/). These tiers keep several replicas on local disks
-- (https://learn.microsoft.com/azure/azure-sql/database/service-tiers-sql-database-vcore), which a test seldom needs.
-- The tag environment or env says what it serves; a word that is neither production nor one of `outside` is taken for
-- production. What the lower tier costs is not in the price list that is read, so nothing is claimed.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    base.sku as before,
    'a standard tier' as after,
    'on ' || base.sku || coalesce(', serves ' || base.env, '') as reason,
    if(base.env is null, 'which environment it serves: it has no tag environment or env', null) as missing
from marts.resource_now as base
where
    base.kind = 'database'
    and base.state = 'available'
    and base.member_of is null
    and regexp_matches(base.sku, $premium)
    and coalesce(regexp_matches(lower(base.env), $outside), true)
