-- title: Delete streams that nothing has written to or read from for {days} days
-- kind: stream
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Readers that subscribe with enhanced fan-out, and a stream that waits for a rare event.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No record came in or went out: hystax/optscale (abandoned_kinesis_streams.py), which looks at 7 days; 14 as we measure
-- them. CloudWatch measures records only while there are some, so hours without a measurement are zero if measurements
-- of the region were read
-- (https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html). No cloud lets the gate delete one yet,
-- so a plan with it is refused: it is made by hand.
select
    stream.source,
    stream.cloud,
    stream.account,
    stream.region,
    stream.resource_id,
    stream.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(coalesce(came.missing, went.missing) is null, format('no record in or out in {} days', $days), 'a stream')
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(came.missing, went.missing) as missing
from marts.resource_now as stream
join evidence_of('records_in_s', $days) as came using (source, cloud, account, resource_id)
join evidence_of('records_out_s', $days) as went using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on stream.cloud = rate.cloud and stream.resource_id = rate.resource_id
where
    stream.kind = 'stream'
    and stream.state = 'active'
    and not coalesce(came.max > 0, false)
    and not coalesce(went.max > 0, false)
