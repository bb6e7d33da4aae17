-- One row per currency, kind, pool, cloud and service of a team: its cost in a month and in the one before.
-- `cost_before` null = nothing at all is billed in the month before, so that nobody knows.
with summed as (
    select
        paid.currency,
        paid.kind,
        paid.pool,
        paid.cloud,
        paid.service,
        coalesce(sum(paid.cost) filter (where paid.month = getvariable('month')), 0) as cost,
        coalesce(sum(paid.cost) filter (where paid.month < getvariable('month')), 0) as cost_before,
        max(paid.markup_percent) filter (where paid.month = getvariable('month')) as markup_percent,
        coalesce(sum(paid.markup) filter (where paid.month = getvariable('month')), 0) as markup
    from marts.showback_monthly as paid
    where
        paid.team = getvariable('team')
        and paid.month in (getvariable('month'), getvariable('month') - interval 1 month)
    group by all
)

select summed.* replace (if(earlier.month is null, null, summed.cost_before) as cost_before)
from summed
left join marts.billed_month as earlier
    on
        summed.currency is not distinct from earlier.currency
        and earlier.month = getvariable('month') - interval 1 month
where summed.cost <> 0 or summed.cost_before <> 0
order by
    summed.currency asc,
    array_position(['own', 'shared', 'idle'], summed.kind) asc,
    summed.pool asc,
    summed.cost desc,
    summed.cloud asc,
    summed.service asc
