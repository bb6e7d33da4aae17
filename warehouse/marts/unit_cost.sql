-- One row per calendar month, unit of work, team and currency: what one of it cost.
-- Of the billed days for which a quantity is known; cost is all that the team pays, or all there is where the unit has no team.
-- A charge of many days counts as if each of them in its first month, as far as bills go, had cost the same.
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
        daily.days,
        daily.currency,
        daily.team,
        sum(daily.cost) as cost
    from marts.allocation_daily as daily
    where daily.team is not null
    group by all

    union all

    select
        daily.day,
        daily.days,
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

counted as (
    select
        billed.month,
        done.unit,
        done.team,
        billed.currency,
        done.day,
        done.quantity
    from done
    join billed
        on
            date_trunc('month', done.day) = billed.month
            and done.team is not distinct from billed.team
            and done.day >= billed.first_day
            and done.day < billed.until
),

charge as (
    select
        spent.team,
        spent.currency,
        spent.day,
        least(
            spent.day + spent.days::integer, (date_trunc('month', spent.day) + interval 1 month)::date, whole.until
        ) as ends_on, -- exclusive
        sum(spent.cost) as cost
    from spent
    join whole on spent.currency = whole.currency
    group by all
),

part as (
    select
        counted.month,
        counted.unit,
        counted.team,
        counted.currency,
        charge.day,
        charge.ends_on,
        any_value(charge.cost) as whole_cost,
        charge.ends_on - charge.day as days,
        count(*) as days_counted
    from counted
    join charge
        on
            counted.team is not distinct from charge.team
            and counted.currency = charge.currency
            and counted.day >= charge.day
            and counted.day < charge.ends_on
    group by all
),

paid as (
    select
        part.month,
        part.unit,
        part.team,
        part.currency,
        sum(
            if(
                part.days_counted = part.days,
                part.whole_cost,
                (part.whole_cost::double * part.days_counted / part.days)::decimal(38, 18)
            )
        ) as cost
    from part
    group by all
),

worked as (
    select
        counted.month,
        counted.unit,
        counted.team,
        counted.currency,
        count(*) as days,
        sum(counted.quantity) as quantity
    from counted
    group by all
),

monthly as (
    select
        worked.*,
        coalesce(paid.cost, 0) as cost
    from worked
    left join paid
        on
            worked.month = paid.month
            and worked.unit = paid.unit
            and worked.team is not distinct from paid.team
            and worked.currency = paid.currency
)

select
    monthly.month,
    monthly.unit,
    monthly.team, -- null = of all
    monthly.currency,
    monthly.days, -- billed, with a quantity
    monthly.quantity,
    monthly.cost, -- effective, without mark-up
    try_cast(
        try_cast(
            monthly.cost::double / nullif(greatest(monthly.quantity, 0), 0)::double as decimal(38, 12)
        ) as decimal(38, 18)
    ) as unit_cost -- null = nothing was done, or so little that no price says anything
from monthly
