-- The items of one DigitalOcean invoice as its API gives them; amounts are texts in US dollars.
select
    charge.service as product,
    charge.resource_id as resource_id,
    md5(charge.resource_id) as resource_uuid,
    '' as group_description,
    case
        when charge.kind = 'instance' then charge.resource_name || ' (' || charge.sku || ')'
        else coalesce(charge.resource_name, charge.product)
    end as description,
    cast(charge.billed_cost as varchar) as amount,
    case
        when charge.charge_category = 'Usage'
            then cast(date_diff('hour', charge.starts_at, charge.ends_at) as varchar)
    end as duration,
    case when charge.charge_category = 'Usage' then 'Hours' end as duration_unit,
    strftime(charge.starts_at, '%Y-%m-%dT%H:%M:%SZ') as start_time,
    strftime(charge.ends_at, '%Y-%m-%dT%H:%M:%SZ') as end_time,
    case when charge.charge_category = 'Usage' then charge.account_name end as project_name,
    'iaas' as category
from charge
where charge.feed = 'digitalocean'
order by charge.service, charge.resource_id, charge.starts_at
