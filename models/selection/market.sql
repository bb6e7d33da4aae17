-- What is on offer, at which place, sold how, at which price: tables that searches judge apart, as thousands of prices
-- share an offer, a place and a kind. Numbers count from 0 in the order of names, so that they are places in arrays.
-- Made of offer, price, region_fact, region_carbon, round_trip, interruption and unit_price; what nobody states is null.

-- One row per cloud and instance type that has a price, even if nobody says what it is.
create or replace table offered as
select
    row_number() over (order by sold.cloud, sold.instance_type)::integer - 1 as offer_id,
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
left join offer using (cloud, instance_type)
order by offer_id;

-- One row per cloud, region and currency in which something has a price. `round_trips` is in milliseconds by region of the
-- same cloud, 0 to itself.
create or replace table place as
with trip as (
    select
        round_trip.cloud,
        round_trip.region,
        round_trip.other,
        round_trip.ms
    from round_trip

    union all

    select
        round_trip.cloud,
        round_trip.other as region,
        round_trip.region as other,
        round_trip.ms
    from round_trip

    union all

    select distinct
        price.cloud,
        price.region,
        price.region as other,
        0 as ms
    from price
    where price.region is not null
),

reach as (
    select
        trip.cloud,
        trip.region,
        map(list(trip.other order by trip.other), list(trip.ms order by trip.other)) as round_trips
    from trip
    group by all
)

select
    row_number() over (order by sold.cloud, sold.region, sold.currency)::integer - 1 as place_id,
    sold.cloud,
    sold.region,
    sold.currency,
    region_fact.country,
    region_fact.continent,
    region_fact.is_eu,
    region_carbon.carbon_g_kwh,
    region_carbon.carbon_free_percent,
    region_carbon.year as carbon_year,
    region_carbon.source as carbon_source,
    reach.round_trips,
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
left join reach using (cloud, region)
left join region_fact using (cloud, region)
left join region_carbon using (cloud, region)
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
        and egress.what = 'egress_gib'
order by place_id;

-- One row per range of how often spot machines are taken away; number 0 = not known, or no spot machine.
create or replace temp table bucket as
select
    0 as bucket_id,
    null::double as interruption_low,
    null::double as interruption_high
union all
select
    row_number() over (order by told.low_percent, told.high_percent)::integer as bucket_id,
    told.*
from (
    select distinct
        interruption.low_percent,
        interruption.high_percent
    from interruption
) as told;

-- One row per way in which prices are stated: for which system, in which currency, bought how, by whom. Its kinds are
-- numbered from first_kind on: one per range of how often it is taken away, twice, as it may be doubtful.
create or replace temp table way as
select
    row_number() over (order by stated.os, stated.currency, stated.price_type, stated.source, stated.quality) as way_id,
    ((way_id - 1) * 2 * (select count(*) from bucket))::integer as first_kind,
    dense_rank() over (order by stated.os, stated.currency, stated.price_type)::integer as comparable_id,
    stated.*,
    starts_with(stated.price_type, 'spot') as is_spot
from (
    select distinct
        price.os,
        price.currency,
        price.price_type,
        price.source,
        price.quality
    from price
) as stated;

-- One row per kind of price: a way, whether it can be trusted, and how often such a machine is taken away. All that
-- may be, so that the number of a kind can be reckoned from those of its parts.
create or replace table kind as
select
    way.first_kind + 2 * bucket.bucket_id + doubt.doubtful::integer as kind_id,
    way.* exclude (way_id, first_kind, comparable_id),
    doubt.doubtful,
    bucket.interruption_low,
    bucket.interruption_high
from way
cross join bucket
cross join (values (false), (true)) as doubt (doubtful)
order by kind_id;

-- One row per offer, place and way of which it is known how often such a machine is taken away.
create or replace temp table frequency as
select
    offered.offer_id,
    place.place_id,
    way.way_id,
    bucket.bucket_id
from interruption
join offered using (cloud, instance_type)
join place using (cloud, region)
join way using (os, currency)
join bucket
    on
        interruption.low_percent is not distinct from bucket.interruption_low
        and interruption.high_percent is not distinct from bucket.interruption_high
where way.is_spot and bucket.bucket_id > 0;

-- One row per price.
create or replace table priced as
with known as (
    select
        offered.offer_id,
        place.place_id,
        way.way_id,
        way.first_kind,
        way.comparable_id,
        way.is_spot,
        price.price_hour,
        price.as_of
    from price
    join offered using (cloud, instance_type)
    join place using (cloud, region, currency)
    join way
        on
            price.os = way.os
            and price.currency = way.currency
            and price.price_type = way.price_type
            and price.source is not distinct from way.source
            and price.quality is not distinct from way.quality
    where price.price_hour > 0
),

usual as (
    select
        known.offer_id,
        known.comparable_id,
        median(known.price_hour::float) as price_hour
    from known
    where not known.is_spot -- those do differ
    group by all
    having count(*) >= 5
)

select
    known.offer_id,
    known.place_id,
    known.first_kind + 2 * coalesce(frequency.bucket_id, 0)
    -- Regions differ by a factor of two at most: less than half of the middle one is a mistake of the list, or a
    -- discount of its own.
    + coalesce(known.price_hour::float < usual.price_hour / 2, false)::integer as kind_id,
    known.price_hour,
    known.as_of,
    round(usual.price_hour, 6)::decimal(18, 9) as usual_hour
from known
left join usual using (offer_id, comparable_id)
left join frequency using (offer_id, place_id, way_id);

drop table frequency;

drop table bucket;

drop table way;
