-- title: Give buckets that keep growing a rule for what is old
-- kind: bucket
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- param least_growth: 0.05
-- param least_month: 50.0
-- blind: Whether what is added is wanted for ever.
-- evidence: select daily.day, daily.service, daily.usage_cost, daily.currency from marts.resource_cost_daily as daily
-- evidence: where daily.cloud = {cloud} and daily.resource_id = {resource_id} order by daily.day
--
-- A week of it costs 5 % more than the week 30 days before, and 50 a month, and no rule moves or expires anything: the
-- limits of microsoft/finops-toolkit's optimisation engine for storage accounts
-- (https://github.com/microsoft/finops-toolkit/tree/dev/src/optimization-engine), catalogue OBJ-07. Azure's rules are
-- not read, so there the row says so. bucket_without_lifecycle tells what old data could cost less; this, where it is
-- going.
with cost as (
    select
        daily.cloud,
        daily.resource_id,
        daily.currency,
        coalesce(sum(daily.usage_cost) filter (where daily.day >= complete.until - 7), 0)::double / 7 * 30.4375 as now,
        coalesce(
            sum(daily.usage_cost) filter (where daily.day < complete.until - $days::integer), 0
        )::double / 7 * 30.4375 as before,
        count(distinct daily.day) filter (where daily.day < complete.until - $days::integer) as days_before
    from marts.resource_cost_daily as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    where
        daily.usage_cost is not null
        and daily.day < complete.until
        and daily.day >= complete.until - $days::integer - 7
    group by all
)

select
    bucket.source,
    bucket.cloud,
    bucket.account,
    bucket.region,
    bucket.resource_id,
    'no rule' as before,
    'a rule that moves or expires what is old' as after,
    format(
        'costs {:.2f} {} a month, {} days ago it was {:.2f}', cost.now, cost.currency, $days, cost.before
    ) as reason,
    if(
        json_extract_string(bucket.config, '$.lifecycle') is null, 'whether a rule moves or expires what is old', null
    ) as missing
from marts.resource_now as bucket
join cost on bucket.cloud = cost.cloud and bucket.resource_id = cost.resource_id
where
    bucket.kind = 'bucket'
    and coalesce(json_extract_string(bucket.config, '$.lifecycle') = 'none', true)
    and cost.days_before >= 7
    and cost.now - cost.before >= $least_month
    and cost.now >= cost.before * (1 + $least_growth)
