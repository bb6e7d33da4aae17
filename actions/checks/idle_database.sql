-- title: Stop or delete databases that nobody has connected to for {days} days
-- kind: database
-- verb: delete
-- risk: R3
-- param days: 14
-- param cpu_percent: 5.0
-- param storage_gib_month: 0.17
-- param backup_gib_month: 0.095
-- param stays_stopped: gcp
-- blind: That a Google Cloud SQL instance is a replica, or that it is wanted once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No connection and p95 of the hourly CPU maximum below 5 %: AWS Compute Optimizer
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html) and Google's idle Cloud SQL
-- recommender (https://cloud.google.com/sql/docs/mysql/recommender-sql-idle); 14 days: Cloud Custodian's examples.
-- Connections are read on AWS, Azure and Google Cloud; DigitalOcean measures no database, and there the row says so.
-- Google Cloud keeps a stopped database stopped, so there it is stopped (R2), and its storage, twice if it is doubled,
-- is billed on at 0.17 per GiB-month (https://cloud.google.com/sql/pricing). AWS and Azure start it again after 7 days
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html), so what lasts is a delete after a
-- final snapshot, for which the low end gives away 0.095 per GiB-month (https://aws.amazon.com/rds/pricing/). Members
-- of a cluster or pool and read replicas are left out: nobody connects to a standby either. So are databases that
-- others are read replicas of, which Compute Optimizer does not call idle: who reads needs both.
-- Prices per GiB are in dollars, and nearly the same number in euros, pounds and francs; not in other currencies.
with judged as (
    select
        base.*,
        base.cloud = $stays_stopped as is_stop,
        coalesce(base.size_gib, 0) * if(json_extract_string(base.config, '$.multi_az') = 'true', 2, 1) as stored_gib,
        connections.missing as connections_missing,
        cpu.missing as cpu_missing,
        cpu.p95_max as cpu_p95
    from marts.resource_now as base
    join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    where
        base.kind = 'database'
        and base.state = 'available'
        and base.member_of is null
        and json_extract_string(base.config, '$.replica_of') is null
        and (
            coalesce(connections.missing, cpu.missing) is not null
            or (coalesce(connections.max, connections.avg) = 0 and cpu.p95_max < $cpu_percent)
        )
        -- A connection that was seen is enough to know that somebody needs it.
        and not coalesce(connections.max > 0, false)
        and not exists (
            select 1
            from marts.resource_now as replica
            where
                replica.kind = 'database'
                and base.source = replica.source
                and base.cloud = replica.cloud
                and base.account = replica.account
                and (
                    -- AWS names the source by its name, and in another region by its ARN.
                    json_extract_string(replica.config, '$.replica_of') = base.resource_id
                    or (
                        json_extract_string(replica.config, '$.replica_of') = base.name
                        and base.region = replica.region
                    )
                    or replica.member_of = base.resource_id
                )
        )
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    if(judged.is_stop, 'stop', 'delete') as verb,
    judged.state as before,
    if(judged.is_stop, 'stopped', 'absent') as after,
    rate.currency,
    case
        when rate.cost_month is null then null
        when judged.is_stop
            then
                greatest(rate.cost_month::double - judged.stored_gib * $storage_gib_month, 0)
                * (1 - coalesce(rate.commitment_share, 0))
        else less_copy(rate.cost_month, rate.commitment_share, judged.size_gib, $backup_gib_month, rate.currency)
    end::decimal(38, 18) as saving_month_low,
    case
        when rate.cost_month is null then null
        when judged.is_stop then greatest(rate.cost_month::double - judged.stored_gib * $storage_gib_month, 0)
        else rate.cost_month::double
    end::decimal(38, 18) as saving_month_high,
    case
        when judged.is_stop then 'R2'
        -- Nothing says whether an Azure SQL database is the passive copy of another one.
        when judged.cloud = 'azure' and json_extract_string(judged.config, '$.engine') = 'mssql' then 'R5'
        else 'R3'
    end as risk,
    if(
        coalesce(judged.connections_missing, judged.cpu_missing) is null,
        format(
            'no connection in {} days, CPU below {:.1f} % in 95 % of the hours', $days, judged.cpu_p95
        ),
        'a database'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(
        judged.connections_missing,
        judged.cpu_missing,
        case
            when judged.is_stop and judged.size_gib is null then 'how large its storage is, which is billed on'
            when judged.is_stop and rate.currency not in ('USD', 'EUR', 'GBP', 'CHF')
                then 'what its storage, which is billed on, costs in ' || rate.currency
        end
    ) as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
