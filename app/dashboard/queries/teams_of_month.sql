-- One row per team that pays in the month or paid in the one before; nobody's cost stands under '(nobody)'.
-- `before` and `change` null = nothing at all is billed in the month before, so that nobody knows.
with paid as (
    select
        coalesce(showback.team, '(nobody)') as team,
        showback.team is null as is_nobody,
        showback.month,
        showback.kind,
        showback.cost,
        showback.markup
    from marts.showback_monthly as showback
    where
        showback.currency = getvariable('currency')
        and showback.month in (getvariable('month'), getvariable('month') - interval 1 month)
),

summed as (
    select
        paid.team,
        paid.is_nobody,
        coalesce(sum(paid.cost) filter (where paid.month = getvariable('month')), 0) as cost,
        coalesce(sum(paid.cost) filter (where paid.month = getvariable('month') and paid.kind = 'own'), 0) as own,
        coalesce(sum(paid.cost) filter (where paid.month = getvariable('month') and paid.kind = 'shared'), 0) as shared,
        coalesce(sum(paid.cost) filter (where paid.month = getvariable('month') and paid.kind = 'idle'), 0) as idle,
        coalesce(sum(paid.cost) filter (where paid.month < getvariable('month')), 0) as before,
        coalesce(sum(paid.markup) filter (where paid.month = getvariable('month')), 0) as markup
    from paid
    group by all
)

select
    summed.team,
    summed.is_nobody,
    summed.cost::double as cost,
    summed.own::double as own,
    summed.shared::double as shared,
    summed.idle::double as idle,
    if(earlier.month is null, null, summed.before)::double as before,
    (summed.cost - if(earlier.month is null, null, summed.before))::double as change,
    summed.markup::double as markup,
    (summed.cost::double / nullif(greatest(sum(summed.cost) over (), 0), 0)::double) as share
from summed
left join marts.billed_month as earlier
    on
        earlier.currency = getvariable('currency')
        and earlier.month = getvariable('month') - interval 1 month
order by summed.is_nobody asc, summed.cost desc, summed.team asc
