-- One row per cloud, region, instance type, os, price type and currency.
create or replace view prices_packaged as
with listed as (
    select
        prices.provider as cloud,
        prices.region,
        prices.instance_type,
        prices.os,
        prices.price_type,
        cast(round(prices.usd_hour, 9) as decimal(18, 9)) as price_hour,
        case
            when prices.as_of like '2025-07 %' then date '2025-07-28'
            else coalesce(try_cast(prices.as_of as date), date '2025-01-01')
        end as as_of,
        prices.source,
        prices.quality
    from prices
    where prices.price_type in ('on_demand', 'spot', 'spot_est', 'cud_1y', 'cud_3y')
),

stated as (
    select
        'digitalocean' as cloud,
        regions.region,
        published.instance_type,
        'linux' as os,
        'on_demand' as price_type,
        cast(published.usd_hour as decimal(18, 9)) as price_hour,
        date '2025-01-01' as as_of,
        'digitalocean public price list' as source,
        'stated' as quality
    from published
    cross join (values ('nyc1'), ('nyc3'), ('sfo3'), ('fra1'), ('ams3')) as regions (region)
)

select
    cloud,
    region,
    instance_type,
    os,
    price_type,
    'USD' as currency,
    price_hour,
    as_of,
    source,
    quality
from (
    select * from listed
    union all
    select stated.* from stated anti join listed using (cloud, region, instance_type)
)
qualify
    row_number() over (
        partition by cloud, region, instance_type, os, price_type
        order by as_of desc, source asc
    ) = 1
order by cloud, price_type, os, region, instance_type;
