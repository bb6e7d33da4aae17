-- One row per currency and team that pays in a month; team null = nobody pays it.
with summed as (
    select
        paid.currency,
        paid.team,
        coalesce(sum(paid.cost) filter (where paid.kind = 'own'), 0) as own,
        coalesce(sum(paid.cost) filter (where paid.kind = 'shared'), 0) as shared,
        coalesce(sum(paid.cost) filter (where paid.kind = 'idle'), 0) as idle,
        coalesce(sum(paid.cost) filter (where paid.kind = 'unallocated'), 0) as unallocated,
        sum(paid.cost) as cost,
        sum(paid.markup) as markup
    from marts.showback_monthly as paid
    where paid.month = getvariable('month')
    group by all
),

whole as (
    select
        summed.currency,
        sum(summed.cost) as whole_cost
    from summed
    group by all
)

select
    summed.*,
    summed.cost::double / nullif(greatest(whole.whole_cost, 0), 0)::double as share
from summed
join whole on summed.currency is not distinct from whole.currency
order by
    summed.currency asc,
    summed.team is null asc,
    summed.cost desc,
    summed.team asc
