-- One row per resource, meter, day and price: what the company is charged for one month, up to `until`.
-- Every cost is exactly quantity x unit price.
with piece as (
    select
        span.resource_id,
        span.state,
        span.sku,
        span.size_gib,
        calendar.day,
        calendar.month_hours,
        greatest(span.starts_at, calendar.day) as starts_at,
        least(coalesce(span.ends_at, timestamp '9999-01-01'), calendar.next_day) as ends_at
    from span
    inner join block as calendar
        on
            span.starts_at < calendar.next_day
            and coalesce(span.ends_at, timestamp '9999-01-01') > calendar.day
),

timed as (
    select
        piece.*,
        epoch(piece.ends_at - piece.starts_at) / 3600.0 as hours
    from piece
),

effect_now as (
    select
        calendar.day,
        effect.resource_id,
        effect.meter,
        product(
            1 + (effect.quantity_factor - 1) * case
                when effect.ramp_days = 0 then 1.0
                else least(1.0, (date_diff('day', effect.starts_on, calendar.day::date) + 1) / effect.ramp_days)
            end
        ) as quantity_factor,
        product(effect.price_factor) as price_factor,
        bool_or(effect.ends_discount) as ends_discount,
        bool_or(effect.drops_tags) as drops_tags
    from effect
    inner join block as calendar
        on
            calendar.day::date >= effect.starts_on
            and calendar.day::date < coalesce(effect.ends_on, date '9999-01-01')
    group by all
),

metered as (
    select
        timed.day,
        timed.starts_at,
        timed.ends_at,
        resource.*,
        timed.sku,
        timed.size_gib,
        tariff.* exclude (cloud, region, currency, feed, kind, sku, state),
        case
            when effect_now.drops_tags
                then coalesce(nullif(regexp_replace(resource.tags, '"team":"[^"]*",?', ''), ''), '{}')
            else resource.tags
        end as tags_then,
        cast(round(
            coalesce(effect_now.quantity_factor, 1.0) * correction.factor * case tariff.basis
                when 'hour' then timed.hours * resource.units * tariff.coefficient
                when 'gib_month'
                    then
                        timed.hours / timed.month_hours * timed.size_gib * tariff.coefficient
                        * exp(resource.growth * date_diff('day', reference.day, timed.day) / 365.25)
                when 'usage' then timed.hours / 24 * resource.usage * tariff.coefficient * load.factor
            end, 6
        ) as decimal(20, 6)) as quantity_all,
        cast(round(tariff.price * coalesce(effect_now.price_factor, 1.0), 9) as decimal(18, 9)) as list_price,
        cast(round(
            tariff.price * coalesce(effect_now.price_factor, 1.0)
            * (1 - case when effect_now.ends_discount then 0 else tariff.discount end), 9
        ) as decimal(18, 9)) as contracted_price
    from timed
    inner join resource using (resource_id)
    inner join tariff
        on
            resource.cloud = tariff.cloud
            and resource.region = tariff.region
            and resource.feed = tariff.feed
            and resource.kind = tariff.kind
            and timed.sku = tariff.sku
            and timed.state = tariff.state
    inner join load on resource.workload = load.workload and timed.day = load.day
    left join effect_now
        on
            timed.resource_id = effect_now.resource_id
            and tariff.meter = effect_now.meter
            and timed.day = effect_now.day
    cross join reference
    inner join correction
        on correction.matches = (
            correction.original
            and resource.feed = correction.feed
            and tariff.service = correction.service
            and day(timed.day) >= 27
        )
),

-- A commitment covers the machines it may cover in the order of their ids until its day's money is used.
entitled as (
    select
        metered.day,
        metered.starts_at,
        metered.resource_id,
        metered.meter,
        metered.quantity_all,
        cast(round(metered.list_price * commitment.rate, 9) as decimal(18, 9)) as committed_price,
        commitment.hourly_cost * 24 as capacity,
        sum(metered.quantity_all * cast(round(metered.list_price * commitment.rate, 9) as decimal(18, 9))) over (
            partition by metered.commitment_id, metered.day
            order by metered.resource_id, metered.starts_at
            rows between unbounded preceding and current row
        ) as used_so_far
    from metered
    inner join commitment using (commitment_id)
    where
        metered.meter = 'compute'
        and metered.day >= commitment.starts_at
        and metered.day < commitment.ends_at
        and metered.quantity_all > 0
        and (commitment.covers is null or commitment.covers = metered.sku)
),

covered as (
    select
        day,
        starts_at,
        resource_id,
        meter,
        committed_price,
        cast(floor(1000000 * greatest(0, least(
            cast(quantity_all as double),
            cast(capacity - (used_so_far - quantity_all * committed_price) as double)
            / cast(committed_price as double)
        ))) / 1000000 as decimal(20, 6)) as quantity_covered
    from entitled
),

split as (
    select
        metered.*,
        metered.quantity_all - coalesce(covered.quantity_covered, 0) as quantity,
        null as committed_price
    from metered
    left join covered using (day, starts_at, resource_id, meter)
    union all by name
    select
        metered.*,
        covered.quantity_covered as quantity,
        covered.committed_price
    from metered
    inner join covered using (day, starts_at, resource_id, meter)
    where covered.quantity_covered > 0
)

select
    split.feed,
    split.cloud,
    split.billing_account,
    split.account,
    split.account_name,
    split.region,
    split.zone,
    split.day,
    split.starts_at,
    split.ends_at,
    split.resource_id,
    split.name as resource_name,
    split.resource_type,
    split.kind,
    split.sku,
    split.meter,
    split.service,
    split.category,
    split.subcategory,
    split.product,
    split.unit,
    split.currency,
    split.tags_then as tags,
    cast(split.quantity as decimal(20, 6)) as quantity,
    split.list_price,
    split.contracted_price,
    cast(split.committed_price as decimal(18, 9)) as committed_price,
    split.quantity * split.list_price as list_cost,
    split.quantity * split.contracted_price as contracted_cost,
    split.quantity * coalesce(split.committed_price, split.contracted_price) as effective_cost,
    case when split.committed_price is null then split.quantity * split.contracted_price else 0 end as billed_cost,
    'Usage' as charge_category,
    cast(null as varchar) as charge_class,
    'Usage-Based' as charge_frequency,
    case when split.committed_price is null then 'Standard' else 'Committed' end as pricing_category,
    case when split.committed_price is not null then split.commitment_id end as commitment_id,
    case when split.committed_price is not null then 'Used' end as commitment_status,
    upper(substr(md5(concat_ws(
        '/', split.cloud, split.region, split.service, split.meter, split.kind,
        case when split.kind in ('instance', 'disk', 'database') then split.sku end
    )), 1, 12)) as sku_id
from split
where split.quantity > 0
