-- title: Delete NAT gateways that no route leads to
-- kind: nat_gateway
-- verb: delete
-- risk: R3
-- param days: 32
-- blind: Since when it has had no route, and a standby whose routes are made only in a disaster.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No route table names it (AWS) or no subnet uses it (Azure), and no traffic in 32 days where traffic is measured
-- (Azure): AWS Compute Optimizer (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html).
-- A gateway that a route leads to is left alone even without traffic: it may stand by for a disaster. Google Cloud's
-- routers are not read. Since when it has had no route no cloud says, so the row tells for how long it has been
-- watched: look before you delete. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by
-- hand.
select
    gateway.source,
    gateway.cloud,
    gateway.account,
    gateway.region,
    gateway.resource_id,
    gateway.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(json_extract_string(gateway.config, '$.routes') is null, 'a NAT gateway', 'no route leads to it')
    || coalesce(format(', watched for {:.0f} days', floor(gateway.unchanged_days)), '')
    || if(traffic.missing is null, format(', no traffic in {} days', $days), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(gateway.config, '$.routes') is null then 'how many routes lead to it'
        when gateway.age_days is null then 'when it was created'
    end as missing
from marts.resource_now as gateway
join evidence_of('network_bytes_s', $days) as traffic using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on gateway.cloud = rate.cloud and gateway.resource_id = rate.resource_id
where
    gateway.kind = 'nat_gateway'
    and coalesce(json_extract_string(gateway.config, '$.routes') = '0', true)
    and coalesce(gateway.age_days >= $days, true)
    and not coalesce(traffic.avg > 0, false)
