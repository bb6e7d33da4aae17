-- What is on offer, at which place, at which price: three tables that searches judge apart, as thousands of prices are of
-- one offer in one place. Made of offer, price, region_fact, interruption, unit_price and cover; what nobody states is
-- null.

-- One row per cloud and instance type that has a price, even if nobody says what it is.
create or replace table offered as
select
    row_number() over (order by sold.cloud, sold.instance_type)::integer as offer_id,
    sold.cloud,
    sold.instance_type,
    offer.family,
    offer.vcpus,
    offer.memory_gib,
    replace(offer.arch, 'i386,', '') as arch, -- what runs 64 bits runs 32, too
    offer.burstable,
    offer.bare_metal,
    offer.current_generation,
    offer.cpu_vendor,
    offer.clock_ghz,
    offer.gpu_count,
    if(offer.gpu_count = 0, 'none', offer.gpu_model) as gpu_model,
    offer.gpu_memory_gib,
    offer.accelerator_count,
    offer.local_storage_gb,
    offer.network_gbps,
    offer.network_peak_gbps,
    offer.network_interfaces,
    offer.ebs_mbps,
    offer.ebs_iops,
    offer.features
from (
    select distinct
        price.cloud,
        price.instance_type
    from price
) as sold
left join offer using (cloud, instance_type);

-- One row per cloud, region and currency in which something has a price.
create or replace table place as
select
    row_number() over (order by sold.cloud, sold.region, sold.currency)::integer as place_id,
    sold.cloud,
    sold.region,
    sold.currency,
    region_fact.country,
    region_fact.continent,
    region_fact.is_eu,
    disk.price as disk_gib_month,
    disk.sku as disk_sku,
    egress.price as egress_gib
from (
    select distinct
        price.cloud,
        price.region,
        price.currency
    from price
) as sold
left join region_fact using (cloud, region)
left join unit_price as disk
    on
        sold.cloud = disk.cloud
        and sold.region = disk.region
        and sold.currency = disk.currency
        and disk.what = 'disk_gib_month'
left join unit_price as egress
    on
        sold.cloud = egress.cloud
        and sold.region = egress.region
        and sold.currency = egress.currency
        and egress.what = 'egress_gib';

-- One row per source and quality of prices: they are long words that few searches need.
create or replace table origin as
select
    row_number() over (order by stated.source, stated.quality)::integer as origin_id,
    stated.source,
    stated.quality
from (
    select distinct
        price.source,
        price.quality
    from price
) as stated;

-- One row per price.
create or replace table priced as
with frequency as (
    select
        offered.offer_id,
        place.place_id,
        interruption.os,
        price_type.price_type,
        interruption.low_percent,
        interruption.high_percent
    from interruption
    join offered using (cloud, instance_type)
    join place using (cloud, region)
    cross join (values ('spot'), ('spot_est')) as price_type (price_type)
),

known as (
    select
        offered.offer_id,
        place.place_id,
        origin.origin_id,
        price.os,
        price.price_type,
        price.price_hour,
        price.as_of
    from price
    join offered using (cloud, instance_type)
    join place using (cloud, region, currency)
    join origin on price.source is not distinct from origin.source and price.quality is not distinct from origin.quality
    where price.price_hour > 0
),

usual as (
    select
        known.offer_id,
        known.os,
        known.price_type,
        place.currency,
        median(known.price_hour) as price_hour
    from known
    join place using (place_id)
    where not starts_with(known.price_type, 'spot') -- those do differ
    group by all
    having count(*) >= 5
)

select
    known.*,
    frequency.low_percent as interruption_low,
    frequency.high_percent as interruption_high,
    case
        when not starts_with(known.price_type, 'spot') then 0
        when frequency.low_percent is not null then coalesce(frequency.high_percent, 100)
    end as interruption_percent, -- of months, at most
    -- Regions differ by a factor of two at most: less than half of the middle one is a mistake of the list, or a
    -- discount of its own.
    coalesce(known.price_hour < usual.price_hour / 2, false) as doubtful,
    usual.price_hour as usual_hour
from known
join place using (place_id)
left join usual using (offer_id, os, price_type, currency)
left join frequency using (offer_id, place_id, os, price_type);
