-- title: Say which team pays for what no rule and no tag tells
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- param most_share: 0.05
-- param least_month: 50.0
-- blind: Whether the team that a tag or a rule names is the right one.
-- evidence: select daily.service, daily.currency, sum(daily.cost) filter (where daily.team is null) as
-- evidence: unallocated_cost, sum(daily.cost) as cost from marts.allocation_daily as daily join
-- evidence: marts.sub_account_billed_until as complete using (cloud, account) where daily.cloud = {cloud} and
-- evidence: daily.account = {resource_id} and daily.day >= complete.until - 30 and daily.day < complete.until group by
-- evidence: all order by unallocated_cost desc
--
-- One row per account of whose cost of 30 days more than 5 %, and at least 50, belongs to no team after all tags and
-- rules of allocation: our limits, from catalogue OPS-09, whose other half is tag compliance as Cloud Custodian checks
-- it (https://cloudcustodian.io/docs/aws/examples/tagcompliance.html). Rules are in the section `allocation` of the
-- settings; docs/allocation.md shows how to write one.
with service as (
    select
        daily.cloud,
        daily.account,
        daily.currency,
        daily.service,
        sum(daily.cost) as cost,
        coalesce(sum(daily.cost) filter (where daily.team is null), 0) as unallocated
    from marts.allocation_daily as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    where daily.day >= complete.until - $days::integer and daily.day < complete.until
    group by all
),

account as (
    select
        service.cloud,
        service.account,
        service.currency,
        sum(service.cost)::double as cost,
        sum(service.unallocated)::double as unallocated,
        arg_max(service.service, (coalesce(service.unallocated, 0), service.service)) as largest
    from service
    group by all
)

select
    account.cloud as source,
    account.cloud,
    account.account,
    'global' as region,
    account.account as resource_id,
    format('{:.0f} % belongs to no team', 100 * account.unallocated / account.cost) as before,
    format('at most {:.0f} %', 100 * $most_share) as after,
    format(
        '{:.2f} of {:.2f} {} in {} days belong to no team, most of it {}', account.unallocated, account.cost,
        account.currency, $days, account.largest
    ) as reason
from account
where
    account.cost > 0
    and account.unallocated > account.cost * $most_share
    and account.unallocated >= $least_month
