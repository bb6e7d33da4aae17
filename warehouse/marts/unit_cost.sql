-- One row per calendar month, unit of work, team and currency: what one of it cost.
-- Of the days for which a quantity is known; cost is all that the team pays, or all there is where the unit has no team.
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

monthly as (
    select
        date_trunc('month', done.day)::date as month,
        done.unit,
        done.team,
        spent.currency,
        count(*) as days,
        sum(done.quantity) as quantity,
        sum(spent.cost) as cost
    from done
    join spent on done.day = spent.day and done.team is not distinct from spent.team
    group by all
)

select
    monthly.month,
    monthly.unit,
    monthly.team, -- null = of all
    monthly.currency,
    monthly.days, -- with a quantity and a cost
    monthly.quantity,
    monthly.cost, -- effective, without mark-up
    if(monthly.quantity > 0, round(monthly.cost::double / monthly.quantity::double, 12)::decimal(38, 18), null)
        as unit_cost -- null = nothing was done
from monthly
