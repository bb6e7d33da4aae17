-- title: Delete model endpoints that nobody has asked for {days} days
-- kind: ml_endpoint
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Endpoints that scale to zero by themselves, and one that is wanted once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No request in 14 days: AWS Compute Optimizer's rule for SageMaker endpoints
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). The machines behind an endpoint are
-- paid while a model is deployed on it (https://cloud.google.com/vertex-ai/pricing,
-- https://azure.microsoft.com/pricing/details/machine-learning/); one without a model, and a serverless one, cost nothing
-- while nobody asks and are left out. Models stay registered, so it can be made again. CloudWatch measures requests only
-- while there are some, so hours without a measurement are zero if measurements of the region were read; of endpoints
-- with several variants, or asynchronous ones, they are not measured, and the row says so. No cloud lets the gate delete
-- one yet, so it is made by hand.
select
    model.source,
    model.cloud,
    model.account,
    model.region,
    model.resource_id,
    model.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(requests.missing is null, format('no request in {} days', $days), 'a model endpoint')
    || coalesce(format(', {} machines', json_extract_string(model.config, '$.instances')), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when requests.missing is not null then requests.missing
        when model.cloud = 'aws' and json_extract_string(model.config, '$.variant') is null
            then 'which of its variants are asked'
        when json_extract_string(model.config, '$.is_async') = 'true' then 'requests that wait in its queue'
    end as missing
from marts.resource_now as model
join evidence_of('requests_s', $days) as requests using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on model.cloud = rate.cloud and model.resource_id = rate.resource_id
where
    model.kind = 'ml_endpoint'
    and model.state = 'active'
    and model.sku is distinct from 'serverless'
    and coalesce(json_extract_string(model.config, '$.models') <> '0', true)
    and not coalesce(requests.max > 0, false)
