-- title: Delete data disks that running machines have not read or written for {days} days
-- kind: disk
-- verb: delete
-- risk: R5
-- param days: 14
-- param ops_per_day: 1.0
-- param snapshot_gib_month: 0.05
-- blind: A disk that is read once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- Below one operation a day: AWS Trusted Advisor's underutilized volumes
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html), which looks at 7 days. Judged by
-- the mean of all hours, as operations are counted, not sampled. Measured on AWS and Azure; Google Cloud, DigitalOcean
-- and libvirt measure no disk alone, and there the row says so. System disks are left out, and disks of machines that
-- do not run (volume_on_stopped_instance). The low end gives away what a snapshot of the whole disk costs at 0.05 per
-- GiB-month (https://aws.amazon.com/ebs/pricing/). R5: a disk has to be detached before it can be deleted, and the
-- gate has no verb for that.
select
    disk.source,
    disk.cloud,
    disk.account,
    disk.region,
    disk.resource_id,
    disk.state as before,
    'absent' as after,
    rate.currency,
    less_copy(rate.cost_month, rate.commitment_share, disk.size_gib, $snapshot_gib_month, rate.currency)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    'on ' || coalesce(machine.name, machine.resource_id)
    || coalesce(
        format(
            ', {:.2f} operations a day in {} days',
            86400 * if(operations.missing is null, operations.avg, null), $days
        ),
        ''
    )
    || costs(rate.cost_month, rate.currency) as reason,
    operations.missing
from marts.resource_now as disk
join evidence_of('disk_ops_s', $days) as operations using (source, cloud, account, resource_id)
join marts.resource_now as machine
    on
        disk.source = machine.source
        and disk.cloud = machine.cloud
        and disk.account = machine.account
        and disk.attached_to = machine.resource_id
left join marts.resource_run_rate as rate
    on disk.cloud = rate.cloud and disk.resource_id = rate.resource_id
where
    disk.kind = 'disk'
    and coalesce(json_extract_string(disk.config, '$.boot'), 'false') <> 'true'
    and machine.kind = 'instance'
    and machine.state = 'running'
    and (operations.missing is not null or operations.avg * 86400 < $ops_per_day)
