-- title: Mend functions that run into their timeout
-- kind: function
-- verb: review
-- risk: R0
-- about: resilience
-- param days: 7
-- param hour_share: 0.1
-- blind: How many calls of an hour it were: the longest of each hour is known.
-- evidence: select metric.hour, metric.max as longest_ms, json_extract_string(resource.config, '$.timeout_seconds') as
-- evidence: timeout_seconds from marts.resource_now as resource join raw.metric as metric using (source, cloud,
-- evidence: account, resource_id) where resource.cloud = {cloud} and resource.account = {account} and
-- evidence: resource.resource_id = {resource_id} and metric.metric = 'duration_ms' order by metric.hour desc limit 168
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
