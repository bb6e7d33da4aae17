-- One row per kind, pool, cloud and service that a team (null = nobody) pays in the month or paid in the one before.
-- `before` and `change` null = nothing at all is billed in the month before, so that nobody knows.
with summed as (
    select
        showback.kind,
        showback.pool,
        showback.cloud,
        showback.service,
        coalesce(sum(showback.cost) filter (where showback.month = getvariable('month')), 0) as cost,
        coalesce(sum(showback.cost) filter (where showback.month < getvariable('month')), 0) as before,
        coalesce(sum(showback.markup) filter (where showback.month = getvariable('month')), 0) as markup
    from marts.showback_monthly as showback
    where
        showback.currency = getvariable('currency')
        and showback.team is not distinct from getvariable('team')
        and showback.month in (getvariable('month'), getvariable('month') - interval 1 month)
    group by all
)

select
    summed.kind,
    summed.pool,
    summed.cloud,
    summed.service,
    summed.cost::double as cost,
    if(earlier.month is null, null, summed.before)::double as before,
    (summed.cost - if(earlier.month is null, null, summed.before))::double as change,
    summed.markup::double as markup
from summed
left join marts.billed_month as earlier
    on
        earlier.currency = getvariable('currency')
        and earlier.month = getvariable('month') - interval 1 month
where summed.cost <> 0 or summed.before <> 0
order by summed.cost desc, summed.service asc, summed.cloud asc, summed.kind asc, summed.pool asc
