-- One row per value of the chosen split: its cost in the chosen months, and in as many months before.
-- An account is named by its cloud, too, as `aws/123`: those of two clouds may have one id.
with line as (
    select
        monthly_cost.month,
        case getvariable('split')
            when 'cloud' then monthly_cost.cloud
            when 'account' then monthly_cost.cloud || '/' || monthly_cost.account
            when 'service' then monthly_cost.service
            when 'region' then monthly_cost.region
            when 'charge category' then monthly_cost.charge_category
        end as split,
        case getvariable('measure')
            when 'effective' then monthly_cost.effective_cost
            when 'billed' then monthly_cost.billed_cost
            when 'list' then monthly_cost.list_cost
        end as amount
    from marts.monthly_cost as monthly_cost
    where
        monthly_cost.currency = getvariable('currency')
        and monthly_cost.month >= getvariable('before')
        and monthly_cost.month < getvariable('until')
        and (getvariable('clouds') is null or list_contains(getvariable('clouds'), monthly_cost.cloud))
        and (
            getvariable('accounts') is null
            or list_contains(getvariable('accounts'), monthly_cost.cloud || '/' || monthly_cost.account)
        )
        and (getvariable('services') is null or list_contains(getvariable('services'), monthly_cost.service))
        and (getvariable('regions') is null or list_contains(getvariable('regions'), monthly_cost.region))
        and (
            getvariable('categories') is null
            or list_contains(getvariable('categories'), monthly_cost.charge_category)
        )
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
