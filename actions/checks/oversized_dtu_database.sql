-- title: Move Azure SQL databases to the smallest tier that still carries their peaks
-- kind: database
-- verb: resize
-- risk: R2
-- param days: 14
-- param dtu_percent: 40.0
-- param filled: 80.0
-- blind: Limits other than DTUs that grow with the tier: sessions, workers, tempdb; that S0 and S1 keep data on
-- blind: slower disks, and copies that have to be as large as their original.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- DTUs below 40 % at p99 of the hourly maximum: Azure Optimization Engine
-- (https://github.com/microsoft/finops-toolkit, src/optimization-engine); the smaller tier is filled to 80 % at most.
-- DTUs and sizes of the standard tiers:
-- https://learn.microsoft.com/azure/azure-sql/database/resource-limits-dtu-single-databases. Their price is the same
-- per DTU (https://azure.microsoft.com/pricing/details/azure-sql-database/single/), so the bill
-- shrinks as they do, but for its lines of storage, which are backups and what is stored beyond the tier.
-- Premium tiers are left out: their price per DTU differs from one to the next.
with tier as (
    select step.*
    from (
        values
        ('S0', 10, 250), ('S1', 20, 250), ('S2', 50, 250), ('S3', 100, 1024), ('S4', 200, 1024),
        ('S6', 400, 1024), ('S7', 800, 1024), ('S9', 1600, 1024), ('S12', 3000, 1024)
    ) as step (sku, dtus, most_gib)
),

fitting as (
    select
        base.*,
        dtu.missing as lacks,
        dtu.p99_max as dtu_p99,
        tier.dtus,
        smaller.sku as smaller_sku,
        smaller.dtus as smaller_dtus
    from marts.resource_now as base
    join tier using (sku)
    join evidence_of('dtu_percent', $days) as dtu using (source, cloud, account, resource_id)
    left join tier as smaller
        on
            tier.dtus > smaller.dtus
            and dtu.missing is null
            and dtu.p99_max < $dtu_percent
            and tier.dtus * dtu.p99_max <= $filled * smaller.dtus
            and base.size_gib <= smaller.most_gib
    where
        base.kind = 'database'
        and base.cloud = 'azure'
        and base.state = 'available'
        and base.member_of is null
        and base.sku <> 'S0'
    qualify
        row_number() over (
            partition by base.source, base.account, base.resource_id order by smaller.dtus asc nulls last
        ) = 1
),

-- Backups and what is stored beyond the tier.
stored as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) as cost_month
    from marts.resource_meter_rate as meter
    where meter.part = 'storage'
    group by all
),

rate as (
    select
        run_rate.*,
        run_rate.cost_month - coalesce(stored.cost_month, 0) as tier_month
    from marts.resource_run_rate as run_rate
    left join stored using (cloud, resource_id, currency)
)

select
    fitting.source,
    fitting.cloud,
    fitting.account,
    fitting.region,
    fitting.resource_id,
    fitting.sku as before,
    coalesce(fitting.smaller_sku, 'a smaller tier') as after,
    rate.currency,
    (rate.tier_month * (1 - fitting.smaller_dtus / fitting.dtus) * (1 - coalesce(rate.commitment_share, 0)))
    ::decimal(38, 18) as saving_month_low,
    (rate.tier_month * (1 - fitting.smaller_dtus / fitting.dtus))::decimal(38, 18) as saving_month_high,
    coalesce(
        format(
            'in {} days at most {:.1f} % of {} DTUs in 99 % of the hours, and {} has {}',
            $days, fitting.dtu_p99, fitting.dtus, fitting.smaller_sku, fitting.smaller_dtus
        ),
        format('a database of {} DTUs', fitting.dtus)
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(fitting.lacks, if(fitting.size_gib is null, 'how large it may be', null)) as missing
from fitting
left join rate
    on fitting.cloud = rate.cloud and fitting.resource_id = rate.resource_id
where fitting.lacks is not null or fitting.size_gib is null or fitting.smaller_sku is not null
