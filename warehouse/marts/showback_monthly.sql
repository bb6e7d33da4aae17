-- One row per billing month, currency, team, kind, pool, cloud and service: what a team is shown, and the mark-up on it.
-- A mark-up is never part of the cost. `team` null = nobody pays it.
-- group: allocation
with monthly as (
    select
        daily.month,
        daily.currency,
        daily.team,
        daily.kind,
        daily.pool,
        daily.cloud,
        daily.service,
        sum(daily.cost) as cost
    from marts.allocation_daily as daily
    group by all
)

select
    monthly.month,
    monthly.currency,
    monthly.team,
    monthly.kind, -- own, shared, idle, unallocated
    monthly.pool,
    monthly.cloud,
    monthly.service,
    monthly.cost,
    if(monthly.team is null, 0, coalesce(markup_percent(monthly.cloud, monthly.service, monthly.team), 0))
        as markup_percent,
    units_money(
        sign(monthly.cost)::hugeint
        * sign(markup_percent)::hugeint
        * whole_share(
            abs(money_units(monthly.cost)), (abs(markup_percent) * 1000000)::hugeint, 100000000::hugeint
        )
    ) as markup -- to the last digit below
from monthly
