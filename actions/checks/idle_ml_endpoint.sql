-- title: Delete model endpoints that nobody has asked for 14 days
-- kind: ml_endpoint
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Endpoints that scale to zero by themselves, and one that is wanted once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, resource_id)
-- evidence: left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
-- evidence: order by metric.metric, metric.window_days
--
-- No request in 14 days: AWS Compute Optimizer's rule for SageMaker endpoints
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). The machines behind an
-- endpoint are paid while a model is deployed on it (https://cloud.google.com/vertex-ai/pricing,
-- https://azure.microsoft.com/pricing/details/machine-learning/); one without a model costs nothing and is left out.
-- Models stay registered, so it can be made again. No cloud lets the gate delete one yet, so it is made by hand.
select
    endpoint.source,
    endpoint.cloud,
    endpoint.account,
    endpoint.region,
    endpoint.resource_id,
    endpoint.state as before,
    'absent' as after,
    rate.currency,
    (rate.cost_month * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(requests.missing is null, format('no request in {} days', $days), 'a model endpoint')
    || coalesce(format(', costs {:.2f} {} a month', rate.cost_month::double, rate.currency), '') as reason,
    requests.missing as missing
from marts.resource_now as endpoint
join evidence as requests
    on
        endpoint.source = requests.source
        and endpoint.cloud = requests.cloud
        and endpoint.account = requests.account
        and endpoint.resource_id = requests.resource_id
        and requests.metric = 'requests_s'
        and requests.window_days = $days
left join marts.resource_run_rate as rate
    on endpoint.cloud = rate.cloud and endpoint.resource_id = rate.resource_id
where
    endpoint.kind = 'ml_endpoint'
    and endpoint.state = 'active'
    and coalesce(json_extract_string(endpoint.config, '$.models') <> '0', true)
    and not coalesce(requests.avg > 0, false)
