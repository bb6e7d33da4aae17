-- One row per value of the chosen tag: its cost in the chosen months, and in as many months before.
with line as (
    select
        tag_cost.month,
        tag_cost.tag_value as split,
        if(getvariable('measure') = 'billed', tag_cost.billed_cost, tag_cost.effective_cost) as amount
    from marts.tag_cost as tag_cost
    where
        tag_cost.currency = getvariable('currency')
        and tag_cost.month >= getvariable('before')
        and tag_cost.month < getvariable('until')
        and tag_cost.tag_key = getvariable('tag_key')
        and (getvariable('clouds') is null or list_contains(getvariable('clouds'), tag_cost.cloud))
        and (
            getvariable('accounts') is null
            or list_contains(getvariable('accounts'), tag_cost.cloud || '/' || tag_cost.account)
        )
        and (getvariable('services') is null or list_contains(getvariable('services'), tag_cost.service))
)

select
    line.split,
    coalesce(sum(line.amount) filter (where line.month >= getvariable('first')), 0)::double as cost,
    coalesce(sum(line.amount) filter (where line.month < getvariable('first')), 0)::double as before,
    cost - before as change,
    cost / nullif(greatest(sum(cost) over (), 0), 0) as share -- null: credits outweigh costs
from line
group by line.split
having cost <> 0 or before <> 0
order by cost desc, line.split asc
