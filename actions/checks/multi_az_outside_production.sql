-- title: Run databases outside production in one zone
-- kind: database
-- verb: configure
-- risk: R5
-- money: share
-- param share: 0.5
-- param outside: ^(dev|test|tst|qa|uat|stag|stg|int($|[-_.])|integration|sandbox|sbx|non.?prod|demo|poc|preview|lab)
-- harm: A failure of the zone takes the database with it until it is restored from a backup.
-- undo: Switch the second zone on again; it is filled in the background.
-- blind: That a test needs the failover.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- The standby doubles the price of the instance and of its storage on AWS (https://aws.amazon.com/rds/pricing/),
-- Google Cloud (https://cloud.google.com/sql/pricing) and Azure's flexible servers, so half goes away; our rule, from
-- catalogue DB-24. On Azure SQL the surcharge depends on the tier and is nothing in some, so there the low end is
-- zero. The tag environment or env says what it serves; without one the row says so, and a word that is neither
-- production nor one of `outside` is taken for production. DigitalOcean's standby nodes are in the same place and not
-- meant here. R5: the gate has no verb for a setting, so it is made by hand.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'two zones' as before,
    'one zone' as after,
    rate.currency,
    (
        rate.cost_month
        * if(json_extract_string(base.config, '$.engine') = 'mssql' and base.cloud = 'azure', 0, $share)
        * (1 - coalesce(rate.commitment_share, 0))
    )::decimal(38, 18) as saving_month_low,
    (rate.cost_month * $share)::decimal(38, 18) as saving_month_high,
    'in two zones' || coalesce(', serves ' || base.env, '')
    || costs(rate.cost_month, rate.currency) as reason,
    if(base.env is null, 'which environment it serves: it has no tag environment or env', null) as missing
from marts.resource_now as base
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    base.kind = 'database'
    and base.state = 'available'
    and json_extract_string(base.config, '$.multi_az') = 'true'
    and coalesce(regexp_matches(lower(base.env), $outside), true)
