-- title: Cover what always runs with a commitment
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- param steady_share: 0.3
-- param least_day: 10.0
-- param clouds: ^(aws|azure|gcp)$
-- blind: What is about to be resized or switched off; the plan on the page on commitments leaves that out.
-- evidence: select usage.starts_at::date as day, usage.currency, sum(usage.on_demand_cost) filter (where
-- evidence: usage.commitment_id is null) as on_demand_cost, sum(usage.on_demand_cost) filter (where usage.commitment_id
-- evidence: is not null) as covered_cost from marts.committable_usage as usage where usage.cloud = {cloud} and
-- evidence: usage.billing_account = {resource_id} group by all order by day desc limit 31
--
-- One row per billing account: what instances cost on demand on the least of 30 days but one in ten is more than 30 %
-- of all they cost, and at least 10 a day: our limits, from catalogue COM-05. That much was there every day, so a
-- commitment would have been used (https://docs.aws.amazon.com/cost-management/latest/userguide/ce-sp-usingCE.html).
-- The page on commitments says which to buy and what they save: it compares terms, prices and what is about to change.
-- Accounts with bills of fewer days are left out, and clouds that sell none (DigitalOcean).
with daily as (
    select
        usage.cloud,
        usage.billing_account,
        usage.currency,
        usage.starts_at::date as day,
        coalesce(sum(usage.on_demand_cost) filter (where usage.commitment_id is null), 0) as uncovered,
        sum(usage.on_demand_cost) as whole
    from marts.committable_usage as usage
    join marts.billed_until as complete using (cloud)
    where
        usage.starts_at >= complete.until - to_days($days::integer)
        and usage.starts_at < complete.until
        and usage.on_demand_cost is not null
        and regexp_full_match(usage.cloud, $clouds)
    group by all
),

account as (
    select
        daily.cloud,
        daily.billing_account,
        daily.currency,
        count(*) as days,
        quantile_cont(daily.uncovered, 0.1) as steady_day,
        avg(daily.whole) as whole_day
    from daily
    group by all
),

feed as (
    select
        manifest.cloud,
        manifest.billing_account,
        min(manifest.source) as source
    from raw.billing_manifest as manifest
    group by all
)

select
    coalesce(feed.source, account.cloud) as source,
    account.cloud,
    account.billing_account as account,
    'global' as region,
    account.billing_account as resource_id,
    format('{:.2f} {} a day on demand', account.steady_day, account.currency) as before,
    'covered by a commitment' as after,
    format(
        '{:.2f} of {:.2f} {} a day for instances are on demand on nine days of ten', account.steady_day,
        account.whole_day, account.currency
    ) as reason
from account
left join feed on account.cloud = feed.cloud and account.billing_account = feed.billing_account
where
    account.days >= $days
    and account.steady_day > account.whole_day * $steady_share
    and account.steady_day >= $least_day
