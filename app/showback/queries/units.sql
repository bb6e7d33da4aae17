-- One row per unit of work, team and currency: what one cost in a month and in the one before.
select
    unit.unit,
    unit.team,
    unit.currency,
    any_value(unit.quantity) filter (where unit.month = getvariable('month')) as quantity,
    any_value(unit.cost) filter (where unit.month = getvariable('month')) as cost,
    any_value(unit.unit_cost) filter (where unit.month = getvariable('month')) as unit_cost,
    any_value(unit.unit_cost) filter (where unit.month < getvariable('month')) as unit_cost_before
from marts.unit_cost as unit
where
    (getvariable('team') is null or unit.team = getvariable('team'))
    and unit.month in (getvariable('month'), getvariable('month') - interval 1 month)
group by all
order by unit.unit, unit.team nulls first, unit.currency
