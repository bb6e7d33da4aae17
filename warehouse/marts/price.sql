-- One row per cloud, region, instance type, os, price type and currency: the price to reckon with.
-- What a source has read goes before what is packaged, then the newest.
-- group: market
select
    price.cloud,
    price.region,
    price.instance_type,
    price.os,
    price.price_type,
    price.currency,
    price.price_hour,
    price.as_of,
    price.source,
    price.quality,
    price.read_by -- null = packaged
from raw.price as price
qualify
    row_number() over (
        partition by price.cloud, price.region, price.instance_type, price.os, price.price_type, price.currency
        order by price.read_by is null asc, price.as_of desc, price.read_by asc, price.source asc
    ) = 1
