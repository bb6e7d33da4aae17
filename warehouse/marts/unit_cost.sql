-- One row per calendar month, unit of work, team and currency: what one of it cost.
-- Of the billed days for which a quantity is known; cost is all that the team pays, or all there is where the unit has no team.
-- group: summary
with done as (
    select
        unit.unit,
        unit.day,
        unit.team,
        sum(unit.quantity) as quantity
    from models.unit_quantity as unit
    group by all
),

spent as (
    select
        daily.day,
        daily.currency,
        daily.team,
        sum(daily.cost) as cost
    from marts.allocation_daily as daily
    where daily.team is not null
    group by all

    union all

    select
        daily.day,
        daily.currency,
        null as team,
        sum(daily.cost) as cost
    from marts.allocation_daily as daily
    group by all
),

account as (
    select
        daily.currency,
        daily.cloud,
        daily.account,
        min(daily.day) as first_day,
        any_value(complete.until) as until,
        max(any_value(complete.until)) over (partition by daily.currency) as newest
    from marts.allocation_daily as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    group by daily.currency, daily.cloud, daily.account
),

-- A charge may be of many days and stand on its first, so that the last one tells nothing of how far bills go. They go
-- as far as the account that is behind; one that is 14 days behind has ended.
whole as (
    select
        account.currency,
        min(account.first_day) as first_day,
        min(account.until) filter (where account.until >= account.newest - 14) as until
    from account
    group by all
),

billed as ( -- a day on which a team pays nothing, such as one between two monthly fees, has a cost of zero
    select
        spent.team,
        spent.currency,
        date_trunc('month', spent.day)::date as month,
        whole.first_day,
        whole.until
    from spent
    join whole on spent.currency = whole.currency
    group by all
),

monthly as (
    select
        billed.month,
        done.unit,
        done.team,
        billed.currency,
        count(*) as days,
        sum(done.quantity) as quantity,
        coalesce(sum(spent.cost), 0) as cost
    from done
    join billed
        on
            date_trunc('month', done.day) = billed.month
            and done.team is not distinct from billed.team
            and done.day >= billed.first_day
            and done.day < billed.until
    left join spent
        on
            done.day = spent.day
            and done.team is not distinct from spent.team
            and billed.currency = spent.currency
    group by all
)

select
    monthly.month,
    monthly.unit,
    monthly.team, -- null = of all
    monthly.currency,
    monthly.days, -- billed, with a quantity
    monthly.quantity,
    monthly.cost, -- effective, without mark-up
    try_cast(round(monthly.cost::double / nullif(greatest(monthly.quantity, 0), 0)::double, 12) as decimal(38, 18))
        as unit_cost -- null = nothing was done, or so little that no price says anything
from monthly
