-- One row per billing month with costs, and whether it is billed to its end.
select
    billed.month,
    billed.is_whole
from marts.billed_month as billed
where billed.currency = getvariable('currency')
order by billed.month
