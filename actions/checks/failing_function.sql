-- title: Mend functions of which every tenth call fails
-- kind: function
-- verb: review
-- risk: R0
-- about: resilience
-- param days: 7
-- param failed_share: 0.1
-- param least_calls: 50
-- blind: Errors that a function catches itself; calls that are tried again and paid again.
-- evidence: select date_trunc('day', metric.hour) as day, round(3600 * sum(metric.avg) filter (where metric.metric =
-- evidence: 'requests_s')) as calls, round(3600 * coalesce(sum(metric.avg) filter (where metric.metric = 'errors_s'),
-- evidence: 0)) as errors from raw.metric as metric where metric.cloud = {cloud} and metric.account = {account} and
-- evidence: metric.resource_id = {resource_id} and metric.metric in ('requests_s', 'errors_s') group by all order by
-- evidence: day desc limit 14
--
-- More than 10 % of the calls of a day failed within 7 days: AWS Trusted Advisor's check of functions with high error rates
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html); days with fewer than 50 calls are left
-- out. Failed calls are paid, and most are tried twice more. Calls are measured on AWS; of other clouds they are not.
with daily as (
    select
        metric.source,
        metric.cloud,
        metric.account,
        metric.resource_id,
        date_trunc('day', metric.hour)::date as day,
        3600 * sum(metric.avg) filter (where metric.metric = 'requests_s') as calls,
        3600 * coalesce(sum(metric.avg) filter (where metric.metric = 'errors_s'), 0) as errors
    from raw.metric as metric
    where
        metric.metric in ('requests_s', 'errors_s')
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
),

worst as (
    select
        daily.source,
        daily.cloud,
        daily.account,
        daily.resource_id,
        max(daily.errors / daily.calls) as failed_share,
        arg_max(daily.day, daily.errors / daily.calls) as day,
        arg_max(daily.calls, daily.errors / daily.calls) as calls
    from daily
    where daily.calls >= $least_calls
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'fails' as before,
    'works' as after,
    format(
        '{:.0f} % of {:.0f} calls failed on {}', 100 * worst.failed_share, worst.calls, worst.day::varchar
    ) as reason
from marts.resource_now as base
join worst using (source, cloud, account, resource_id)
where base.kind = 'function' and worst.failed_share > $failed_share
