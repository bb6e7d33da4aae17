-- title: Move databases of open engines to classes with ARM processors
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param least_databases: 3
-- blind: What the ARM class costs: prices of database classes are not read. Extensions that exist for x86 only.
-- evidence: select resource.resource_id, resource.sku, resource.config, rate.cost_month, rate.currency from
-- evidence: marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {resource_id} and resource.kind = 'database' order by
-- evidence: rate.cost_month desc
--
-- AWS only, one row per account with at least three of them: MySQL, MariaDB and PostgreSQL, also of Aurora, on the
-- families m5, m6i, r5, r6i and t3 run on m6g, m7g, r6g, r7g and t4g as they are, since AWS runs the engine
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html). Catalogue DB-04; AWS
-- Cost Optimization Hub calls the effort medium. Which versions of an engine a class supports is on that page.
with base as (
    select
        resource.*,
        regexp_extract(resource.sku, '^db\.([a-z0-9]+)\.', 1) as class_family,
        case class_family
            when 'm5' then 'm6g'
            when 'm6i' then 'm7g'
            when 'r5' then 'r6g'
            when 'r6i' then 'r7g'
            when 't3' then 't4g'
        end as arm_family
    from marts.resource_now as resource
    where
        resource.kind = 'database'
        and resource.cloud = 'aws'
        and resource.state = 'available'
        and json_extract_string(resource.config, '$.engine') in (
            'mysql', 'mariadb', 'postgres', 'aurora-mysql', 'aurora-postgresql'
        )
),

account as (
    select
        min(base.source) as source,
        base.cloud,
        base.account,
        count(distinct base.resource_id) as databases, -- two sources may read it
        arg_max(
            base.sku || ' as ' || replace(base.sku, base.class_family, base.arm_family),
            (coalesce(rate.cost_month, 0), base.resource_id)
        ) as example
    from base
    left join marts.resource_run_rate as rate on base.cloud = rate.cloud and base.resource_id = rate.resource_id
    where base.arm_family is not null
    group by all
)

select
    account.source,
    account.cloud,
    account.account,
    'global' as region,
    account.account as resource_id,
    format('{} databases on x86', account.databases) as before,
    'classes with ARM processors' as after,
    format('{} databases of open engines run on x86, such as {}', account.databases, account.example) as reason
from account
where account.databases >= $least_databases
