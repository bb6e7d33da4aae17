-- title: Delete elastic pools that have had no database for {days} days
-- kind: elastic_pool
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: A pool that is filled by a job for less time than lies between two readings.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No database: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit); 14 days: Cloud Custodian's
-- mark-then-act time (https://cloudcustodian.io/docs/azure/examples/). A pool is paid by its capacity, whatever is in
-- it (https://learn.microsoft.com/azure/azure-sql/database/elastic-pool-overview). No cloud lets the gate delete one
-- yet, so a plan with it is refused: it is made by hand.
with server as (
    select distinct
        base.source,
        split_part(base.resource_id, '/databases/', 1) as server
    from marts.resource_now as base
    where base.kind = 'database'
),

judged as (
    select
        pool.*,
        -- Each server has the database master: one that shows none was not read.
        server.server is not null as is_server_read,
        date_diff('second', pool.first_seen_at, getvariable('as_of')) / 86400 as days_watched
    from marts.resource_now as pool
    left join server
        on
            pool.source = server.source
            and split_part(pool.resource_id, '/elasticpools/', 1) = server.server
    where
        pool.kind = 'elastic_pool'
        and not exists (
            select 1
            from raw.resource as base
            where
                base.kind = 'database'
                and base.source = pool.source
                and base.member_of = pool.resource_id
                and coalesce(base.valid_to > getvariable('as_of') - to_days($days::integer), true)
        )
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    'no database' as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'no database in it'
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when not judged.is_server_read then 'which databases its server has'
        when coalesce(judged.days_watched < $days, true)
            then format(
                'since when it has been empty; it has been watched for {:.0f} of {} days',
                floor(coalesce(judged.days_watched, 0)), $days
            )
    end as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
