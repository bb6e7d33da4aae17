-- title: Pay for no more than twice the IOPS that disks use
-- kind: disk
-- verb: configure
-- risk: R5
-- param days: 14
-- param used_percent: 50.0
-- param free_iops: 3000
-- param least_iops: 100
-- param tier2_from: 32000
-- param tier3_from: 64000
-- param tier2_price: 0.7
-- param tier3_price: 0.49
-- harm: Bursts beyond those that were measured have to wait.
-- undo: Provision the IOPS again; AWS lets a volume be changed again after six hours only.
-- blind: Throughput, which is not measured, and a peak that comes less than once in 14 days.
-- evidence: select metric.metric, metric.window_days, metric.hours_measured, metric.coverage, metric.avg,
-- evidence: metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- Below half of what is provisioned at p99 of the hourly maximum: our rule, from catalogue STO-06. What stays is twice
-- that p99, and the 3,000 IOPS that gp3 and Premium SSD v2 have for nothing. Judged are gp3, io1, io2, Premium SSD v2
-- and Ultra disks (https://aws.amazon.com/ebs/pricing/, https://azure.microsoft.com/pricing/details/managed-disks/):
-- what the bill charges for IOPS, times the share of it that goes away. IOPS of io2 beyond 32,000 cost 0.7 of the price
-- of the first ones, beyond 64,000 0.49, and the cheapest go first. Azure gives no hourly maximum of reads and writes
-- together, so there the row says so. R5: the gate has no verb that changes IOPS.
with disk as (
    select
        volume.*,
        try_cast(json_extract_string(volume.config, '$.iops') as double) as iops,
        if(volume.sku in ('gp3', 'PremiumV2_LRS'), $free_iops, $least_iops) as least,
        if(volume.sku in ('gp3', 'PremiumV2_LRS'), $free_iops, 0) as free
    from marts.resource_now as volume
    where
        volume.kind = 'disk'
        and volume.sku in ('gp3', 'io1', 'io2', 'PremiumV2_LRS', 'UltraSSD_LRS')
        and volume.state = 'in_use'
),

billed as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month
    from marts.resource_meter_rate as rate
    where rate.part = 'iops'
    group by all
),

judged as (
    select
        disk.*,
        operations.missing as operations_missing,
        operations.p99_max,
        operations.avg,
        if(
            operations.p99_max is null,
            null,
            greatest(ceil(operations.p99_max * 100 / $used_percent / 100) * 100, disk.least)
        ) as wanted_iops
    from disk
    join evidence_of('disk_ops_s', $days) as operations using (source, cloud, account, resource_id)
    where disk.iops > disk.least
),

-- What is paid for, as so many IOPS of the first tier.
priced as (
    select
        judged.*,
        judged.iops
        - if(
            judged.sku = 'io2',
            greatest(judged.iops - $tier2_from, 0) * (1 - $tier2_price)
            + greatest(judged.iops - $tier3_from, 0) * ($tier2_price - $tier3_price),
            judged.free
        ) as paid,
        judged.wanted_iops
        - if(
            judged.sku = 'io2',
            greatest(judged.wanted_iops - $tier2_from, 0) * (1 - $tier2_price)
            + greatest(judged.wanted_iops - $tier3_from, 0) * ($tier2_price - $tier3_price),
            judged.free
        ) as wanted_paid
    from judged
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    format('{:.0f} IOPS', priced.iops) as before,
    coalesce(format('{:.0f} IOPS', priced.wanted_iops), 'fewer IOPS') as after,
    billed.currency,
    (billed.cost_month::double * (1 - priced.wanted_paid / priced.paid))::decimal(38, 18) as saving_month_low,
    saving_month_low as saving_month_high,
    format('{} with {:.0f} IOPS', priced.sku, priced.iops)
    || coalesce(format(', of which it used {:.0f} in 99 % of the hours', priced.p99_max), '')
    || coalesce(format('; IOPS cost {:.2f} {} a month', billed.cost_month::double, billed.currency), '') as reason,
    case
        when priced.operations_missing is not null then priced.operations_missing
        when priced.p99_max is null then 'hourly maxima of its operations, which this cloud does not give'
        when billed.cost_month is null then 'what its bill charges for IOPS'
    end as missing
from priced
left join billed using (cloud, resource_id)
where
    priced.operations_missing is not null
    or (priced.p99_max is null and priced.avg < priced.iops * $used_percent / 100)
    or (priced.p99_max < priced.iops * $used_percent / 100 and priced.wanted_iops < priced.iops)
