-- One row per member (incident of one series), dimension and value: what it cost in the abnormal days, what it should
-- have cost, and how much of the difference is price, quantity, mix, and what the bill does not tell.
-- Expected is the cost of days before, weighted and scaled so that all values of one dimension add up to what was
-- expected of the series. The four effects add up to the impact, to the last digit.
with line as (
    select
        member.id,
        focus.ChargePeriodStart::date as day,
        focus.ResourceId as resource,
        coalesce(focus.SkuId, focus.SkuMeter, '(unknown)') as sku,
        coalesce(focus.PricingUnit, focus.ConsumedUnit, '(none)') as unit,
        coalesce(focus.RegionId, '(none)') as region,
        case
            when focus.EffectiveCost < 0 then 'credit'
            else lower(coalesce(focus.PricingCategory, focus.ChargeCategory))
        end as charge_category,
        if(json_valid(focus.Tags), focus.Tags, null) as tags,
        max(focus.ResourceName) as resource_name,
        max(coalesce(focus.ChargeDescription, focus.SkuMeter)) as sku_name,
        sum(focus.EffectiveCost)::double as cost,
        sum(coalesce(focus.PricingQuantity, focus.ConsumedQuantity))::double as quantity
    from member
    join raw.focus as focus
        on
            member.cloud = focus.x_cloud
            and member.account = coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
            and member.service = coalesce(focus.ServiceName, '(unknown)')
            and member.currency = focus.BillingCurrency
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodStart >= member.starts_on - interval 28 day
        and focus.ChargePeriodStart < member.known_until
    group by all
),

before as (
    select
        member.id,
        member.starts_on - back.days::integer as day,
        coalesce(sum(line.cost), 0) as cost
    from member
    cross join range(1, 29) as back (days)
    left join line on member.id = line.id and member.starts_on - back.days::integer = line.day
    group by all
),

-- An abnormal day is compared with the same weekday of the four weeks before. One that cost about what was expected of
-- it is like it; one of another incident, of a refund or of a fee is not, and hardly counts.
likeness as (
    select
        abnormal.id,
        abnormal.day,
        before.day as like_day,
        abs(before.cost - abnormal.expected) / greatest(abs(abnormal.expected), 0.01) as off,
        pow(1 + pow(off / 0.05, 2), -2) as likeness
    from abnormal
    join before on abnormal.id = before.id and isodow(abnormal.day) = isodow(before.day)
),

shared as (
    select
        likeness.*,
        likeness.likeness / sum(likeness.likeness) over (partition by likeness.id, likeness.day) as share
    from likeness
),

-- How many abnormal days each day before stands for.
reference as (
    select
        shared.id,
        shared.like_day as day,
        sum(shared.share) as weight
    from shared
    group by all
),

newest as (
    select
        line.id,
        line.resource,
        line.tags
    from line
    where line.resource is not null
    qualify line.day = max(line.day) over (partition by line.id, line.resource)
),

-- A tag says what a resource belongs to now: one that all of them were given meanwhile explains nothing.
-- Where lines of one resource have different tags, each keeps its own.
tagged as (
    select
        newest.id,
        newest.resource,
        max(newest.tags) as tags
    from newest
    group by all
    having count(distinct coalesce(newest.tags, '')) = 1
),

piece as (
    select
        line.id,
        line.resource,
        line.sku,
        line.unit,
        line.region,
        line.charge_category,
        if(tagged.id is null, line.tags, tagged.tags) as tags,
        max(line.resource_name) as resource_name,
        max(line.sku_name) as sku_name,
        sum(line.cost) filter (where abnormal.day is not null) as actual,
        sum(line.quantity) filter (where abnormal.day is not null) as quantity,
        sum(line.cost * reference.weight) as cost_before,
        sum(line.quantity * reference.weight) as quantity_before,
        bool_or(line.day < member.starts_on and (line.cost <> 0 or coalesce(line.quantity, 0) <> 0)) as was_there,
        bool_or(abnormal.day is not null and (line.cost <> 0 or coalesce(line.quantity, 0) <> 0)) as is_there
    from line
    join member using (id)
    left join tagged using (id, resource)
    left join abnormal using (id, day)
    left join reference using (id, day)
    where abnormal.day is not null or line.day < member.starts_on
    group by all
),

whole as (
    select
        piece.id,
        sum(piece.cost_before) as cost_before,
        sum(piece.actual) as actual,
        count(*) as pieces
    from piece
    group by all
),

-- Without any cost before, what was expected is shared out as the cost is; without any at all, evenly.
scaled as (
    select
        piece.* exclude (actual, quantity, cost_before, quantity_before),
        coalesce(piece.actual, 0) as actual,
        coalesce(piece.quantity, 0) as quantity,
        case
            when whole.cost_before > 0 then coalesce(piece.cost_before, 0) * member.expected / whole.cost_before
            when whole.actual > 0 then coalesce(piece.actual, 0) * member.expected / whole.actual
            else member.expected / whole.pieces
        end as expected,
        case
            when whole.cost_before > 0 then coalesce(piece.quantity_before, 0) * member.expected / whole.cost_before
            when piece.quantity_before > 0 then piece.quantity_before -- it was free
            when whole.actual > 0 then coalesce(piece.quantity, 0) * member.expected / whole.actual
            else 0
        end as quantity_expected
    from piece
    join whole using (id)
    join member using (id)
),

pair as (
    select
        scaled.*,
        unnest([
            { 'dimension': 'resource', 'value': scaled.resource, 'name': scaled.resource_name },
            { 'dimension': 'sku', 'value': scaled.sku, 'name': scaled.sku_name },
            { 'dimension': 'region', 'value': scaled.region, 'name': null },
            { 'dimension': 'charge_category', 'value': scaled.charge_category, 'name': null },
            { 'dimension': 'service', 'value': member.service, 'name': null },
            { 'dimension': 'account', 'value': member.account, 'name': account.account_name }
        ]) as named
    from scaled
    join member using (id)
    left join marts.account as account using (cloud, account)

    union all

    select
        scaled.*,
        unnest(
            list_transform(
                map_entries(from_json(scaled.tags, '"MAP(VARCHAR, VARCHAR)"')),
                lambda entry: { 'dimension': 'tag', 'value': entry.key || '=' || entry.value, 'name': null::varchar }
            )
        ) as named
    from scaled
    where json_type(scaled.tags) = 'OBJECT'
),

valued as (
    select
        pair.*,
        pair.named.dimension,
        pair.named.value,
        pair.named.name
    from pair
    where pair.named.value is not null
),

sold as (
    select
        valued.id,
        valued.dimension,
        valued.value,
        valued.sku,
        valued.unit,
        max(valued.name) as name,
        bool_or(valued.was_there) as was_there,
        bool_or(valued.is_there) as is_there,
        sum(valued.actual) as actual,
        sum(valued.expected) as expected,
        sum(valued.quantity) as quantity,
        sum(valued.quantity_expected) as quantity_expected
    from valued
    group by all
),

-- What exists on one side only is quantity. Of what exists on both, but has no SKU or no quantity, nobody can tell.
priced as (
    select
        sold.*,
        sold.expected <> 0 and sold.actual <> 0
        and (sold.sku = '(unknown)' or not (sold.quantity > 0 and sold.quantity_expected > 0)) as is_untold,
        case
            when is_untold then 0
            when sold.quantity > 0 and sold.quantity_expected > 0
                then sold.actual - sold.quantity * sold.expected / sold.quantity_expected
            else 0
        end as price
    from sold
),

-- Among what is sold by the same unit, another composition at the same amount is mix.
grouped as (
    select
        priced.id,
        priced.dimension,
        priced.value,
        sum(priced.actual) as actual,
        sum(priced.expected) as expected,
        sum(priced.price) as price,
        case
            when priced.is_untold then 0
            when sum(priced.quantity_expected) > 0
                then
                    (sum(priced.quantity) - sum(priced.quantity_expected))
                    * sum(priced.expected) / sum(priced.quantity_expected)
            else sum(priced.actual - priced.expected - priced.price)
        end as volume,
        if(priced.is_untold, sum(priced.actual - priced.expected), 0) as untold,
        max(priced.name) as name,
        bool_or(priced.was_there) as was_there,
        bool_or(priced.is_there) as is_there
    from priced
    group by
        priced.id,
        priced.dimension,
        priced.value,
        priced.unit,
        priced.is_untold
),

item as (
    select
        grouped.id,
        grouped.dimension,
        grouped.value,
        round(sum(grouped.actual), 9)::decimal(38, 9) as actual,
        round(sum(grouped.expected), 9)::decimal(38, 9) as expected,
        round(sum(grouped.price), 9)::decimal(38, 9) as price_effect,
        round(sum(grouped.volume), 9)::decimal(38, 9) as quantity_effect,
        round(sum(grouped.untold), 9)::decimal(38, 9) as unknown_effect,
        max(grouped.name) as name,
        not bool_or(grouped.was_there) as is_new,
        not bool_or(grouped.is_there) as is_gone
    from grouped
    group by all
)

select
    item.*,
    item.actual - item.expected as impact,
    impact - item.price_effect - item.quantity_effect - item.unknown_effect as mix_effect
from item
qualify row_number() over (partition by item.id, item.dimension order by abs(impact) desc, item.value) <= 200
