-- title: Mend functions that run into their timeout
-- kind: function
-- verb: review
-- risk: R0
-- about: resilience
-- param days: 7
-- param hour_share: 0.1
-- blind: How many calls of an hour it were: the longest of each hour is known.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- AWS Trusted Advisor's check of functions with excessive timeouts asks for 10 % of the calls of a day
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). CloudWatch does not count timeouts, so
-- here it is 10 % of the hours with calls of the last 7 days in which the longest one lasted until the timeout. Such a
-- call is paid in full and is mostly tried again.
with busy as (
    select
        metric.source,
        metric.cloud,
        metric.account,
        metric.resource_id,
        count(*) as hours,
        count(*) filter (
            where metric.max >= 1000 * try_cast(json_extract_string(base.config, '$.timeout_seconds') as double)
        ) as hours_timed_out
    from raw.metric as metric
    join marts.resource_now as base using (source, cloud, account, resource_id)
    where
        base.kind = 'function'
        and metric.metric = 'duration_ms'
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'times out after ' || json_extract_string(base.config, '$.timeout_seconds') || ' seconds' as before,
    'ends before' as after,
    format(
        'in {} of {} hours with calls one lasted until the timeout of {} seconds',
        busy.hours_timed_out, busy.hours, json_extract_string(base.config, '$.timeout_seconds')
    ) as reason
from marts.resource_now as base
join busy using (source, cloud, account, resource_id)
where base.kind = 'function' and busy.hours_timed_out > $hour_share * busy.hours
