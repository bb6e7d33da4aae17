-- title: Confirm who wants what an account pays for the first time
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param days: 7
-- param before_days: 90
-- param least_cost: 10.0
-- blind: A service that comes back after more than 90 days looks new.
-- evidence: select daily.day, daily.service, daily.region, sum(daily.effective_cost) as cost, daily.currency from
-- evidence: marts.daily_cost as daily where daily.cloud = {cloud} and daily.account = {resource_id} and
-- evidence: daily.charge_category = 'Usage' group by all order by daily.day desc
--
-- One row per account with usage in the last 7 complete days, of 10 or more, of a service in a region in which there
-- was none of it in the 90 days before: our limits, from catalogue OPS-08. Regions nobody uses are where stolen keys
-- are put to work (https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html). Accounts with bills of
-- less than 97 days are left out, as all would be new.
with pair as (
    select
        daily.cloud,
        daily.account,
        daily.service,
        daily.region,
        daily.currency,
        complete.until,
        coalesce(sum(daily.effective_cost) filter (where daily.day >= complete.until - $days::integer), 0) as cost,
        count(*) filter (
            where
            daily.day < complete.until - $days::integer
            and daily.day >= complete.until - ($days + $before_days)::integer
        ) as lines_before,
        min(daily.day) as first_used
    from marts.daily_cost as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    where daily.charge_category = 'Usage' and daily.day < complete.until
    group by all
),

known as (
    select
        pair.*,
        min(pair.first_used) over (partition by pair.cloud, pair.account) as first_day
    from pair
),

fresh as (
    select known.*
    from known
    where
        known.lines_before = 0
        and known.cost >= $least_cost
        and known.first_day <= known.until - ($days + $before_days)::integer
)

select
    fresh.cloud as source,
    fresh.cloud,
    fresh.account,
    'global' as region,
    fresh.account as resource_id,
    format('{} new pairs of service and region', count(*)) as before,
    'confirmed by their owner' as after,
    'first use of '
    || string_agg(
        format('{} in {} ({:.2f} {})', fresh.service, fresh.region, fresh.cost::double, fresh.currency), ', '
        order by fresh.currency asc, fresh.cost desc, fresh.service asc
    )
    || format(' in {} days', $days) as reason
from fresh
group by fresh.cloud, fresh.account
