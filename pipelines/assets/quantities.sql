-- One row per series whose recent bill has one unit for at least 80 % of its usage, and day: how much of it, and its cost.
-- A series that is billed for more than a day only has no quantity of a day.
-- What was committed to and not used costs, but is no quantity: it makes what was used dearer.
with line as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        coalesce(focus.PricingUnit, focus.ConsumedUnit) as unit,
        focus.ChargePeriodStart::date as day,
        coalesce(
            sum(coalesce(focus.PricingQuantity, focus.ConsumedQuantity)) filter (
                where lower(focus.CommitmentDiscountStatus) is distinct from 'unused'
            ),
            0
        )::double as quantity,
        sum(focus.EffectiveCost)::double as cost,
        bool_or(focus.ChargePeriodEnd <= focus.ChargePeriodStart + interval 1 day) as is_daily
    from raw.focus as focus
    where
        focus.ChargeCategory = 'Usage'
        and focus.BillingCurrency is not null
        and focus.ChargePeriodStart < getvariable('until')::date
        and focus.ChargePeriodStart >= getvariable('until')::date - 800
    group by all
),

recent as (
    select
        line.cloud,
        line.account,
        line.service,
        line.currency,
        line.unit,
        bool_or(bool_or(line.is_daily)) over (
            partition by line.cloud, line.account, line.service, line.currency
        ) as is_daily,
        sum(line.cost) as cost,
        sum(line.quantity) as quantity,
        sum(sum(line.cost)) over (partition by line.cloud, line.account, line.service, line.currency) as whole
    from line
    where line.day >= getvariable('until')::date - 56
    group by
        line.cloud,
        line.account,
        line.service,
        line.currency,
        line.unit
    -- With refunds two units can be more than 80 % of the rest.
    qualify
        row_number() over (
            partition by line.cloud, line.account, line.service, line.currency
            order by sum(line.cost) desc, line.unit asc
        ) = 1
)

select
    line.cloud,
    line.account,
    line.service,
    line.currency,
    line.unit,
    line.day,
    line.quantity,
    line.cost
from line
join recent using (cloud, account, service, currency, unit)
where recent.is_daily and recent.quantity > 0 and recent.cost > 0 and recent.cost >= 0.8 * recent.whole
order by all
