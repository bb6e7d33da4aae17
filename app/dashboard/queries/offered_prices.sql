-- One row per price of the offers shown: what is sold at it, and who states it since when.
select
    price.cloud,
    price.region,
    price.instance_type,
    price.price_type,
    price.price_hour,
    price.currency,
    price.as_of,
    price.source,
    offer.vcpus,
    offer.memory_gib,
    offer.arch
from marts.price as price
left join marts.offer as offer on price.cloud = offer.cloud and price.instance_type = offer.instance_type
where
    price.currency = getvariable('currency')
    and price.os = getvariable('os')
    and list_contains(
        getvariable('offers')::varchar[],
        concat_ws(' ', price.cloud, price.region, price.instance_type, price.price_type)
    )
order by price.price_hour, price.cloud, price.region, price.instance_type
