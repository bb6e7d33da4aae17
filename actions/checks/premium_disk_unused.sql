-- title: Move fast disks that are hardly used to a slower type
-- kind: disk
-- verb: resize
-- risk: R2
-- param days: 14
-- param ops_share: 0.05
-- param premium_iops: 120
-- param ssd_iops_per_gib: 30
-- blind: Throughput: a disk that streams large blocks with few operations looks idle; and whether its latency
-- blind: matters.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- Azure and Google Cloud. At p99 below 5 % of the operations a second that the disk may do: Azure Optimization Engine
-- (https://github.com/microsoft/finops-toolkit, src/optimization-engine); Azure Advisor says 10 %. What it may do:
-- `iops` of the inventory (Azure); else 120, the least of any premium disk
-- (https://learn.microsoft.com/azure/virtual-machines/disks-types), or 30 per GiB for pd-ssd
-- (https://cloud.google.com/compute/docs/disks/performance). Measured: operations of Azure's disks, whose hourly
-- maximum Azure does not give as a sum, so there the p99 of the hourly mean is judged against half of it. Google Cloud
-- measures none for a disk alone, and Azure none for those without I/O: then the row says so. Shares of list prices:
-- StandardSSD_LRS costs 0.075 per GiB-month in any size, Premium_LRS 0.143 up to 512 GiB (small ones a little more) and
-- less the larger it is, down to 0.11; pd-ssd 0.17, pd-balanced 0.10
-- (https://azure.microsoft.com/pricing/details/managed-disks/, https://cloud.google.com/compute/disks-image-pricing).
-- Standard SSD also bills operations, so the low end is four fifths of that. System disks are left out: a slow one
-- slows every start.
with slower as (
    select type.*
    from (
        values
        ('azure', 'Premium_LRS', 'StandardSSD_LRS', 0.075, null),
        ('azure', 'Premium_ZRS', 'StandardSSD_ZRS', 0.075, null), -- both cost half as much again
        ('gcp', 'pd-ssd', 'pd-balanced', 0.10, 0.17)
    ) as type (cloud, sku, slower_sku, slower_price, price)
),

-- Azure gives no hourly maximum, so there it is the p99 of the hourly mean.
hourly as (
    select
        metric.cloud,
        metric.account,
        metric.resource_id,
        quantile_cont(metric.avg, 0.99) as p99_avg
    from raw.metric as metric
    semi join marts.resource_now as disk
        on
            metric.cloud = disk.cloud
            and metric.account = disk.account
            and metric.resource_id = disk.resource_id
            and disk.kind = 'disk'
            and disk.cloud = 'azure'
    where
        metric.metric = 'disk_ops_s'
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
),

judged as (
    select
        disk.*,
        slower.slower_sku,
        1 - slower.slower_price / coalesce(
            slower.price,
            case
                when coalesce(disk.size_gib <= 512, true) then 0.143
                when disk.size_gib <= 1024 then 0.132
                when disk.size_gib <= 2048 then 0.1265
                when disk.size_gib <= 4096 then 0.121
                when disk.size_gib <= 8192 then 0.1155
                else 0.11
            end
        ) as share,
        operations.missing as lacks,
        operations.p99_max is not null as has_peaks,
        coalesce(operations.p99_max, hourly.p99_avg) as ops_s,
        $ops_share * coalesce(
            try_cast(json_extract_string(disk.config, '$.iops') as double),
            if(disk.cloud = 'gcp', disk.size_gib * $ssd_iops_per_gib, $premium_iops)
        ) as limit_ops_s
    from marts.resource_now as disk
    join slower using (cloud, sku)
    join evidence_of('disk_ops_s', $days) as operations using (source, cloud, account, resource_id)
    left join hourly
        on
            disk.cloud = hourly.cloud
            and disk.account = hourly.account
            and disk.resource_id = hourly.resource_id
    where
        disk.kind = 'disk'
        and disk.state = 'in_use'
        and coalesce(json_extract_string(disk.config, '$.boot'), 'false') <> 'true'
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.sku as before,
    judged.slower_sku as after,
    rate.currency,
    (rate.cost_month * judged.share * 0.8 * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18)
        as saving_month_low,
    (rate.cost_month * judged.share)::decimal(38, 18) as saving_month_high,
    if(
        judged.lacks is null,
        format(
            'in {} days {} did {} {:.1f} operations a second, and {} would do', $days, judged.sku,
            if(judged.has_peaks, 'at most', 'on average at most'), judged.ops_s, judged.slower_sku
        ),
        'on ' || judged.sku
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(judged.lacks, if(judged.limit_ops_s is null, 'how large it is', null)) as missing
from judged
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    judged.lacks is not null
    or judged.limit_ops_s is null
    or judged.ops_s < judged.limit_ops_s * if(judged.has_peaks, 1, 0.5)
