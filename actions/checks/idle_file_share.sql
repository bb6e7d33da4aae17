-- title: Back up and delete file shares that nothing has read or written for {days} days
-- kind: file_share
-- verb: delete
-- risk: R3
-- param days: 32
-- param backup_gib_month: 0.05
-- blind: An archive that is meant to lie still.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No byte moved in 32 days: our rule, catalogue STO-16. CloudWatch measures bytes only while some move, so hours without
-- a measurement are zero if measurements of the region were read
-- (https://docs.aws.amazon.com/efs/latest/ug/efs-metrics.html). The low end gives away what a last backup of all of it
-- costs, 0.05 per GiB-month (https://aws.amazon.com/backup/pricing/), in dollars, and is zero in currencies where that number
-- is not nearly the same. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
select
    share.source,
    share.cloud,
    share.account,
    share.region,
    share.resource_id,
    share.state as before,
    'absent' as after,
    rate.currency,
    less_copy(rate.cost_month, rate.commitment_share, share.size_gib, $backup_gib_month, rate.currency)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    if(moved.missing is null, format('no byte read or written in {} days', $days), 'a file share')
    || coalesce(format(', {:.1f} GiB', share.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    moved.missing
from marts.resource_now as share
join evidence_of('io_bytes_s', $days) as moved using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on share.cloud = rate.cloud and share.resource_id = rate.resource_id
where
    share.kind = 'file_share'
    and share.state = 'available'
    and not coalesce(moved.max > 0, false)
