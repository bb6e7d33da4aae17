-- What each planted effect added to the bill of this month: the cost with it less the cost without it. A tag that was
-- lost costs nothing; there the amount is what can no longer be allocated.
select
    effect.anomaly,
    sum(
        case
            when effect.drops_tags or effect.quantity_factor = 0 then charge.effective_cost::double
            when effect.ends_discount then charge.effective_cost::double * tariff.discount
            else charge.effective_cost::double * (
                1 - 1 / (
                    effect.price_factor * (
                        1 + (effect.quantity_factor - 1) * case
                            when effect.ramp_days = 0 then 1.0
                            else least(
                                1.0, (date_diff('day', effect.starts_on, charge.day::date) + 1) / effect.ramp_days
                            )
                        end
                    )
                )
            )
        end
    ) as impact
from charge
inner join effect
    on
        charge.resource_id = effect.resource_id
        and charge.meter = effect.meter
        and (
            (
                effect.quantity_factor <> 0
                and charge.day::date >= effect.starts_on
                and charge.day::date < coalesce(effect.ends_on, date '9999-01-01')
            )
            or (effect.quantity_factor = 0 and charge.day::date >= effect.ends_on)
        )
inner join (
    select
        tariff.feed,
        tariff.service,
        max(tariff.discount) as discount
    from tariff
    group by all
) as tariff
    on charge.feed = tariff.feed and charge.service = tariff.service
where charge.charge_category = 'Usage'
group by all
