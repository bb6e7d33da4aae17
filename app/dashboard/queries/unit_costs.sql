-- One row per unit of work and team: what one cost in the month.
select
    unit.unit,
    coalesce(unit.team, 'all') as team,
    unit.quantity::double as quantity,
    unit.cost::double as cost,
    unit.unit_cost::double as unit_cost,
    unit.days
from marts.unit_cost as unit
where unit.currency = getvariable('currency') and unit.month = getvariable('month')
order by unit.unit, unit.team nulls first
