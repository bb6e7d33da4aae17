-- One row per day and value of the chosen split: the largest by cost, the rest as Other.
-- An account is named by its cloud, too, as `aws/123`: those of two clouds may have one id.
with line as (
    select
        daily_cost.day,
        case getvariable('split')
            when 'cloud' then daily_cost.cloud
            when 'account' then daily_cost.cloud || '/' || daily_cost.account
            when 'service' then daily_cost.service
            when 'region' then daily_cost.region
            when 'charge category' then daily_cost.charge_category
        end as split,
        case getvariable('measure')
            when 'effective' then daily_cost.effective_cost
            when 'billed' then daily_cost.billed_cost
            when 'list' then daily_cost.list_cost
        end as cost
    from marts.daily_cost as daily_cost
    where
        daily_cost.currency = getvariable('currency')
        and daily_cost.day >= getvariable('first')
        and daily_cost.day < getvariable('until')
        and (getvariable('clouds') is null or list_contains(getvariable('clouds'), daily_cost.cloud))
        and (
            getvariable('accounts') is null
            or list_contains(getvariable('accounts'), daily_cost.cloud || '/' || daily_cost.account)
        )
        and (getvariable('services') is null or list_contains(getvariable('services'), daily_cost.service))
        and (getvariable('regions') is null or list_contains(getvariable('regions'), daily_cost.region))
        and (getvariable('categories') is null or list_contains(getvariable('categories'), daily_cost.charge_category))
),

ranked as (
    select
        line.split,
        row_number() over (order by sum(line.cost) desc, line.split) as place
    from line
    group by line.split
)

select
    line.day,
    if(ranked.place <= getvariable('most'), line.split, 'Other') as split,
    sum(line.cost)::double as cost
from line
join ranked on line.split is not distinct from ranked.split
group by all
order by line.day, split
