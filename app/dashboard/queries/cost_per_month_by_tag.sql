-- One row per billing month and value of the chosen tag: the largest by cost, the rest as Other.
with line as (
    select
        tag_cost.month,
        tag_cost.tag_value as split,
        if(getvariable('measure') = 'billed', tag_cost.billed_cost, tag_cost.effective_cost) as cost
    from marts.tag_cost as tag_cost
    where
        tag_cost.currency = getvariable('currency')
        and tag_cost.month >= getvariable('first')
        and tag_cost.month < getvariable('until')
        and tag_cost.tag_key = getvariable('tag_key')
        and (getvariable('clouds') is null or list_contains(getvariable('clouds'), tag_cost.cloud))
        and (
            getvariable('accounts') is null
            or list_contains(getvariable('accounts'), tag_cost.cloud || '/' || tag_cost.account)
        )
        and (getvariable('services') is null or list_contains(getvariable('services'), tag_cost.service))
),

ranked as (
    select
        line.split,
        row_number() over (order by sum(line.cost) desc, line.split) as place
    from line
    group by line.split
)

select
    line.month,
    if(ranked.place <= getvariable('most'), line.split, 'Other') as split,
    sum(line.cost)::double as cost
from line
join ranked on line.split is not distinct from ranked.split
group by all
order by line.month, split
