-- What is on offer, at which place, sold how, at which price: tables that searches judge apart, as thousands of prices
-- share an offer, a place and a kind. Numbers stand for names, as they are compared faster. Made of offer, price, region_fact, interruption, unit_price and cover; what nobody states is
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

-- One row per way in which prices are stated: for which system, bought how, by whom.
create or replace table kind as
select
    row_number() over (order by stated.os, stated.price_type, stated.source, stated.quality)::integer as kind_id,
    dense_rank() over (order by stated.os, stated.price_type, stated.currency)::integer as comparable_id,
    stated.*,
    starts_with(stated.price_type, 'spot') as is_spot
from (
    select distinct
        price.os,
        price.price_type,
        price.currency,
        price.source,
        price.quality
    from price
) as stated;

-- One row per offer, place and system of which it is known how often spot machines are taken away.
create or replace table frequency as
select
    offered.offer_id,
    place.place_id,
    interruption.os,
    interruption.low_percent as interruption_low,
    interruption.high_percent as interruption_high
from interruption
join offered using (cloud, instance_type)
join place using (cloud, region);

-- One row per price.
create or replace table priced as
with known as (
    select
        offered.offer_id,
        place.place_id,
        kind.kind_id,
        kind.comparable_id,
        price.price_hour,
        price.as_of
    from price
    join offered using (cloud, instance_type)
    join place using (cloud, region, currency)
    join kind
        on
            price.os = kind.os
            and price.price_type = kind.price_type
            and price.currency = kind.currency
            and price.source is not distinct from kind.source
            and price.quality is not distinct from kind.quality
    where price.price_hour > 0
),

usual as (
    select
        known.offer_id,
        known.comparable_id,
        median(known.price_hour::float) as price_hour
    from known
    join kind using (kind_id)
    where not kind.is_spot -- those do differ
    group by all
    having count(*) >= 5
)

select
    known.* exclude (comparable_id),
    -- Regions differ by a factor of two at most: less than half of the middle one is a mistake of the list, or a
    -- discount of its own.
    coalesce(known.price_hour::float < usual.price_hour / 2, false) as doubtful,
    round(usual.price_hour, 6)::decimal(18, 9) as usual_hour
from known
left join usual using (offer_id, comparable_id);
