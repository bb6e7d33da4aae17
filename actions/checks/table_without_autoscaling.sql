-- title: Let tables with reserved capacity follow their load
-- kind: table
-- verb: review
-- risk: R0
-- about: capacity
-- param least_cost: 10
-- blind: A load that never changes; capacity that was bought for a year.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- Reserved capacity that nothing scales: turbot's thrifty mods (dynamodb_table_autoscaling_disabled,
-- https://hub.steampipe.io/mods/turbot/aws_thrifty). What is reserved is paid without being used, and what is not is
-- refused. Tables below 10 currency units a month are left out, as nobody would look at them, and those of which no
-- bill is known.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'capacity is fixed' as before,
    'capacity follows the load' as after,
    format(
        'reserved capacity that nothing scales, costs {:.2f} {} a month', rate.cost_month::double, rate.currency
    ) as reason,
    if(json_extract_string(base.config, '$.autoscaling') is null, 'whether something scales it', null) as missing
from marts.resource_now as base
join marts.resource_run_rate as rate on base.cloud = rate.cloud and base.resource_id = rate.resource_id
where
    base.kind = 'table'
    and base.state = 'active'
    and json_extract_string(base.config, '$.mode') = 'provisioned'
    and coalesce(json_extract_string(base.config, '$.autoscaling') = 'false', true)
    and rate.cost_month >= $least_cost
