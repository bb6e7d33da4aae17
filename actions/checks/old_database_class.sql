-- title: Move databases of an older class to its successor
-- kind: database
-- verb: review
-- risk: R0
-- about: governance
-- blind: What the newer class costs: prices of database classes are not read. AWS asks about the same or less.
-- evidence: select metric.metric, metric.window_days, metric.hours_measured, metric.coverage, metric.avg,
-- evidence: metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- AWS only: classes of the families m1 to m4, r3, r4, t1 and t2, which AWS calls previous generation
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html); turbot's thrifty mod
-- has the same control, catalogue DB-03. The successor has the same size in m5, r5 or t3, where there is one (none of
-- m5 and r5 is smaller than large); ask for newer ones that your engine version knows. Data: class of the inventory.
with successor (families, family, sizes) as (
    values
    ('^m[134]$', 'm5', '^(|2|4|8|12|16|24)(x?large)$'),
    ('^(m2|r[34])$', 'r5', '^(|2|4|8|12|16|24)(x?large)$'),
    ('^t[12]$', 't3', '^(micro|small|medium|large|xlarge|2xlarge)$')
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    base.sku as before,
    if(
        regexp_matches(split_part(base.sku, '.', 3), successor.sizes),
        format('db.{}.{}', successor.family, split_part(base.sku, '.', 3)),
        format('a class of db.{}', successor.family)
    ) as after,
    base.sku || ' is of a previous generation'
    || coalesce(' and runs ' || json_extract_string(base.config, '$.engine'), '')
    || coalesce(' ' || json_extract_string(base.config, '$.version'), '') as reason
from marts.resource_now as base
join successor on regexp_matches(split_part(base.sku, '.', 2), successor.families)
where
    base.kind = 'database'
    and base.cloud = 'aws'
    and regexp_matches(base.sku, '^db\.(m[1-4]|r[34]|t[12])\.[0-9a-z]+$')
