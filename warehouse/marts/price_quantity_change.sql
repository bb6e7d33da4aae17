-- One row per billing month, account, service, sku and currency: why it costs more or less than the month before.
-- price_effect + quantity_effect + new_or_gone_effect = cost_after - cost_before, to the last digit.
-- What has no quantity (taxes, credits) changes in price only. Of a cloud that came or went, all is new or gone. The
-- running month is compared as far as it is billed, and only of clouds that are billed in both. The first month of bills
-- in a currency, and one after a gap, is compared with nothing and has no rows.
-- group: cost
with sold as (
    select
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        coalesce(focus.SkuId, focus.SkuMeter, '(unknown)') as sku_id,
        focus.BillingCurrency as currency,
        coalesce(focus.PricingUnit, focus.ConsumedUnit, '(none)') as unit,
        coalesce(sum(focus.EffectiveCost), 0) as cost,
        sum(coalesce(focus.PricingQuantity, focus.ConsumedQuantity)) filter (
            where focus.ChargeCategory = 'Usage'
        ) as quantity
    from raw.focus as focus
    where focus.BillingCurrency is not null
    group by all
),

billed as (
    select distinct
        sold.month,
        sold.cloud,
        sold.currency
    from sold
),

compared as (
    select distinct
        later.currency,
        later.month
    from billed as later
    join billed as earlier on later.currency = earlier.currency and later.month = earlier.month + interval 1 month
),

billed_in_both as (
    select distinct
        later.cloud,
        later.month
    from billed as later
    join billed as earlier on later.cloud = earlier.cloud and later.month = earlier.month + interval 1 month
),

-- Each month's sales twice: once as what it is, once as what the next month is compared with.
side as (
    select
        sold.month,
        sold.cloud,
        sold.account,
        sold.service,
        sold.sku_id,
        sold.currency,
        sold.unit,
        sold.cost as cost_after,
        sold.quantity as quantity_after,
        null::decimal(38, 18) as cost_before,
        null::decimal(38, 18) as quantity_before
    from sold

    union all

    select
        (sold.month + interval 1 month)::date as month,
        sold.cloud,
        sold.account,
        sold.service,
        sold.sku_id,
        sold.currency,
        sold.unit,
        null as cost_after,
        null as quantity_after,
        sold.cost as cost_before,
        sold.quantity as quantity_before
    from sold
),

pair as (
    select
        side.month,
        side.cloud,
        side.account,
        side.service,
        side.sku_id,
        side.currency,
        side.unit,
        max(side.cost_before) as cost_before,
        max(side.cost_after) as cost_after,
        max(side.quantity_before)::double as quantity_before,
        max(side.quantity_after)::double as quantity_after
    from side
    join compared using (currency, month)
    left join billed_in_both using (cloud, month)
    where billed_in_both.cloud is not null or side.month + interval 1 month <= getvariable('as_of')
    group by all
),

effect as (
    select
        pair.*,
        pair.cost_before is null or pair.cost_after is null as is_new_or_gone,
        coalesce(pair.cost_after, 0) - coalesce(pair.cost_before, 0) as difference,
        -- More or less of it, at the price it had before; none where it had no price: of nothing, or, of a trace, one
        -- beyond all bounds. Sums of 36 digits have room in 38.
        coalesce(
            try_cast(
                if(
                    is_new_or_gone,
                    0,
                    round(
                        (pair.quantity_after - pair.quantity_before)
                        * pair.cost_before::double
                        / nullif(pair.quantity_before, 0),
                        9
                    )
                ) as decimal(36, 18)
            ),
            0
        ) as quantity_effect
    from pair
)

select
    effect.month,
    effect.cloud,
    effect.account,
    effect.service,
    effect.sku_id,
    effect.currency,
    coalesce(sum(effect.cost_before), 0) as cost_before, -- effective cost
    coalesce(sum(effect.cost_after), 0) as cost_after,
    sum(if(effect.is_new_or_gone, 0, effect.difference - effect.quantity_effect)) as price_effect,
    sum(effect.quantity_effect) as quantity_effect,
    sum(if(effect.is_new_or_gone, effect.difference, 0)) as new_or_gone_effect
from effect
group by all
