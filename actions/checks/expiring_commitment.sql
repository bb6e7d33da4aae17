-- title: Renew or let go commitments that end within {days} days, or just did
-- kind: commitment
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- blind: Whether it renews itself, and what has been bought for the time after it.
-- evidence: select owned.commitment_id, owned.kind, owned.covers, owned.starts_at, owned.ends_at, use.month,
-- evidence: use.committed_cost, use.used_cost, use.unused_cost, use.currency from raw.commitment as owned left join
-- evidence: marts.commitment_use as use using (cloud, commitment_id) where owned.cloud = {cloud} and
-- evidence: owned.commitment_id = {resource_id} order by use.month
--
-- From 30 days before its end to 30 days after: AWS Trusted Advisor's lease expiration checks
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html), catalogue COM-03. With what it
-- paid for in the last 30 days, at on-demand prices, which is what its usage costs without it. The page on commitments
-- says what to buy instead. AWS, Azure and Google Cloud; those whose end the cloud does not say are left out.
select
    min(owned.source) as source,
    owned.cloud,
    owned.account,
    coalesce(owned.region, 'global') as region,
    owned.commitment_id as resource_id,
    'ends on ' || strftime(owned.ends_at, '%Y-%m-%d') as before,
    'renewed, replaced or let go' as after,
    if(
        owned.ends_at >= getvariable('as_of'),
        format('ends in {} days', date_diff('day', getvariable('as_of')::date, owned.ends_at::date)),
        format('ended {} days ago', date_diff('day', owned.ends_at::date, getvariable('as_of')::date))
    )
    || coalesce(
        format(
            '; in 30 days it paid for {:.2f} {} of usage', max(known.covered_cost),
            arg_max(known.currency, known.covered_cost)
        ), ''
    ) as reason
from raw.commitment as owned
left join marts.commitment_owned as known using (cloud, commitment_id)
where
    owned.ends_at >= getvariable('as_of') - to_days($days::integer)
    and owned.ends_at < getvariable('as_of') + to_days($days::integer)
group by owned.cloud, owned.account, owned.region, owned.commitment_id, owned.ends_at
