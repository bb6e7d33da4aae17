-- One row per resource: its cost in the chosen months, the costliest first.
select
    resource_cost.resource_id,
    any_value(resource_cost.resource_name) as resource_name,
    any_value(resource_cost.resource_type) as resource_type,
    resource_cost.cloud,
    resource_cost.account,
    coalesce(any_value(named.account_name), resource_cost.account) as account_name,
    any_value(resource_cost.region) as region,
    string_agg(distinct resource_cost.service, ', ') as service,
    sum(resource_cost.effective_cost)::double as effective_cost,
    sum(resource_cost.billed_cost)::double as billed_cost,
    sum(resource_cost.list_cost)::double as list_cost
from marts.resource_cost as resource_cost
left join marts.account as named using (cloud, account)
where
    resource_cost.currency = getvariable('currency')
    and resource_cost.month >= getvariable('first')
    and resource_cost.month < getvariable('until')
    and (getvariable('clouds') is null or list_contains(getvariable('clouds'), resource_cost.cloud))
    and (
        getvariable('accounts') is null
        or list_contains(getvariable('accounts'), resource_cost.cloud || '/' || resource_cost.account)
    )
    and (getvariable('services') is null or list_contains(getvariable('services'), resource_cost.service))
    and (getvariable('regions') is null or list_contains(getvariable('regions'), resource_cost.region))
group by resource_cost.resource_id, resource_cost.cloud, resource_cost.account
order by
    abs(
        case getvariable('measure')
            when 'effective' then sum(resource_cost.effective_cost)
            when 'billed' then sum(resource_cost.billed_cost)
            when 'list' then sum(resource_cost.list_cost)
        end
    ) desc nulls last,
    resource_cost.resource_id
limit getvariable('most')
