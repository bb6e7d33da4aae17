-- One row per running machine whose size is known, where there are prices in that currency: what a new one may be like.
with priced as (
    select distinct
        price.cloud,
        price.region
    from marts.price as price
    where price.currency = getvariable('currency')
)

select
    machine.resource_id,
    coalesce(machine.name, machine.resource_id) as name,
    machine.cloud,
    machine.account,
    coalesce(named.account_name, machine.account) as account_name,
    machine.region,
    machine.sku
from marts.resource_now as machine
join priced using (cloud, region)
left join marts.account as named
    on machine.cloud = named.cloud and machine.account = named.account
where machine.kind = 'instance' and machine.vcpus is not null
order by name, machine.resource_id, machine.cloud, machine.account
