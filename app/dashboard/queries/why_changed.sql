-- One row per service: why it costs more or less than the month before; the effects add up to the change.
with summed as (
    select
        price_quantity_change.cloud,
        price_quantity_change.service,
        sum(price_quantity_change.cost_before)::double as cost_before,
        sum(price_quantity_change.cost_after)::double as cost_after,
        sum(price_quantity_change.cost_after - price_quantity_change.cost_before)::double as change,
        sum(price_quantity_change.price_effect)::double as price_effect,
        sum(price_quantity_change.quantity_effect)::double as quantity_effect,
        sum(price_quantity_change.new_or_gone_effect)::double as new_or_gone_effect
    from marts.price_quantity_change as price_quantity_change
    where
        price_quantity_change.currency = getvariable('currency')
        and price_quantity_change.month = getvariable('month')
        and (getvariable('clouds') is null or list_contains(getvariable('clouds'), price_quantity_change.cloud))
        and (
            getvariable('accounts') is null
            or list_contains(
                getvariable('accounts'), price_quantity_change.cloud || '/' || price_quantity_change.account
            )
        )
        and (getvariable('services') is null or list_contains(getvariable('services'), price_quantity_change.service))
    group by all
)

select
    summed.* replace (
        -- Less than half a cent is not written as -0.00.
        if(abs(summed.price_effect) < 0.005, 0, summed.price_effect) as price_effect,
        if(abs(summed.quantity_effect) < 0.005, 0, summed.quantity_effect) as quantity_effect,
        if(abs(summed.new_or_gone_effect) < 0.005, 0, summed.new_or_gone_effect) as new_or_gone_effect
    )
from summed
order by abs(summed.change) desc
