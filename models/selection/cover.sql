-- One row per on-demand price that something idle may cover, with how much of it: null = that can't be told.
-- A savings plan pays for a machine at its own rates. Where no source states them, it is sure to pay all of a machine
-- whose list price fits into what is idle, as no rate is above the list price; less than that stays unknown.
-- A reservation is for one type in one region; other sizes of its family may count too, but no source says how much.
create or replace table cover as
with rate as (
    select
        priced.offer_id,
        priced.place_id,
        kind.os,
        kind.price_type,
        priced.price_hour
    from priced
    join kind using (kind_id)
    where kind.price_type in (select idle.rate_type from idle_commitment as idle)
),

matched as (
    select
        priced.rowid as price_id,
        kind.os,
        idle.commitment_id,
        idle.missing,
        case
            when idle.missing is not null or kind.os <> 'linux' then null
            when idle.kind = 'reservation' and idle.idle_quantity is not null
                then least(idle.idle_quantity, 1) * priced.price_hour
            when idle.kind = 'savings_plan' and idle.idle_hour >= priced.price_hour then priced.price_hour
            when idle.kind = 'savings_plan' and rate.price_hour > 0 -- least() would take no null
                then least(idle.idle_hour / rate.price_hour, 1) * priced.price_hour
        end as covered_hour
    from idle_commitment as idle
    join offered
        on
            idle.cloud = offered.cloud
            and (
                idle.covers = offered.instance_type
                or (idle.kind <> 'reservation' and coalesce(idle.covers = offered.family, true))
            )
    join place
        on
            idle.cloud = place.cloud
            and coalesce(idle.currency = place.currency, true)
            and coalesce(idle.region = place.region, true)
    join priced
        on
            offered.offer_id = priced.offer_id
            and place.place_id = priced.place_id
    join kind on priced.kind_id = kind.kind_id and kind.price_type = 'on_demand'
    left join rate
        on
            priced.offer_id = rate.offer_id
            and priced.place_id = rate.place_id
            and kind.os = rate.os
            and idle.rate_type = rate.price_type
    where idle.missing is not null or idle.idle_share >= 0.01 -- less is rounding
)

select
    matched.price_id,
    matched.commitment_id,
    round(matched.covered_hour::double, 9)::decimal(18, 9) as covered_hour,
    case
        when matched.covered_hour is not null then 'idle in ' || matched.commitment_id
        when matched.missing is not null then matched.commitment_id || ' may cover it: ' || matched.missing
        when matched.os <> 'linux'
            then matched.commitment_id || ' may cover it: no source says for which system it was bought'
        else matched.commitment_id || ' covers a part of it: no source states its rates'
    end as cover_reason
from matched
qualify
    row_number() over (
        partition by matched.price_id
        order by matched.covered_hour desc nulls last, matched.commitment_id asc
    ) = 1;
