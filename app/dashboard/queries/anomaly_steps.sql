-- One row per bar from what was expected of an incident to what it cost: by what explains it, and by price and quantity.
-- A wide cause (service, account) is shown by its resources.
with whole as (
    select
        anomaly.actual,
        anomaly.expected
    from models.anomaly as anomaly
    where anomaly.id = getvariable('id')
),

shown as (
    select
        if(cause.dimension in ('service', 'account'), 'resource', cause.dimension) as dimension,
        if(cause.dimension = 'tag', split_part(cause.value, '=', 1), null) as tag_key -- other keys overlap
    from models.anomaly_cause as cause
    where cause.id = getvariable('id') and cause.rank = 1
),

part as (
    select
        'cause' as figure,
        cause.rank as place,
        coalesce(cause.name, cause.value) as label,
        cause.impact::double as amount
    from models.anomaly_cause as cause
    join shown using (dimension)
    where
        cause.id = getvariable('id')
        and (shown.tag_key is null or shown.tag_key = split_part(cause.value, '=', 1))

    union all

    select
        'effect' as figure,
        effect.place,
        effect.label,
        effect.amount::double as amount
    from (
        select
            sum(cause.quantity_effect) as quantity,
            sum(cause.price_effect) as price,
            sum(cause.mix_effect) as mix,
            sum(cause.unknown_effect) as untold
        from models.anomaly_cause as cause
        where cause.id = getvariable('id') and cause.dimension = 'service'
    ) as summed
    cross join
        lateral (
            values
            (1, 'Quantity', summed.quantity),
            (2, 'Price', summed.price),
            (3, 'Mix of SKUs', summed.mix),
            (4, 'Not told by the bill', nullif(summed.untold, 0))
        ) as effect (place, label, amount)
    where effect.amount is not null
),

figure as (
    select
        part.figure,
        sum(part.amount) as explained
    from part
    group by all
)

select
    figure.figure,
    0 as place,
    'Expected' as label,
    whole.expected as amount
from figure
cross join whole

union all

select
    part.figure,
    part.place,
    part.label,
    part.amount
from part

union all

select
    figure.figure,
    1000 as place,
    'Everything else' as label,
    whole.actual - whole.expected - figure.explained as amount
from figure
cross join whole
where abs(whole.actual - whole.expected - figure.explained) > 0.005 * abs(whole.actual - whole.expected)

union all

select
    figure.figure,
    1001 as place,
    'Actual' as label,
    whole.actual as amount
from figure
cross join whole
order by all
