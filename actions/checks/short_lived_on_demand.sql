-- title: Run machines that live for hours on spot capacity
-- kind: account
-- verb: configure
-- risk: R5
-- param days: 30
-- param most_hours: 6.0
-- param least_machines: 10
-- harm: Work is cut off whenever the capacity is taken away, at two minutes' notice on AWS and thirty seconds' on others.
-- undo: Start the machines on demand again.
-- blind: Whether the work can be cut off and done again, which spot capacity asks for; and how often it is taken away.
-- evidence: select coalesce(billed.resource_id, focus.ResourceId) as resource_id, min(focus.ChargePeriodStart) as starts_at,
-- evidence: max(focus.ChargePeriodEnd) as ends_at, sum(focus.PricingQuantity) as hours, sum(focus.EffectiveCost) as cost,
-- evidence: focus.BillingCurrency from raw.focus as focus left join marts.billed_resource as billed on focus.x_cloud =
-- evidence: billed.cloud and focus.ResourceId = billed.billed_id where focus.x_cloud = {cloud} and
-- evidence: coalesce(focus.SubAccountId, focus.BillingAccountId) = {resource_id} and focus.ServiceCategory = 'Compute'
-- evidence: group by all having sum(focus.PricingQuantity) <= 6 order by cost desc
--
-- One row per account with at least ten machines in 30 days that were billed for less than 6 hours each, on one day or
-- across one midnight, at on-demand prices, and are gone: catalogue CMP-08, the idea of hystax/optscale's short living
-- instances (https://github.com/hystax/optscale), which takes 72 % off whatever it is. Here it is the spot price of the
-- same type and region (marts.price: asked on AWS, listed on Google Cloud; the packaged one of AWS is an estimate of
-- its provider). The low end is zero: not all of them can be cut off. Bills by the day or month only tell hours where
-- the quantity is hours. Machines whose type or spot price nobody knows are not counted. R5: their template has to
-- change.
with look as (
    select
        resource.cloud,
        resource.resource_id,
        arg_max(resource.sku, resource.valid_from) as sku
    from raw.resource as resource
    where resource.kind = 'instance'
    group by all
),

machine as (
    select
        min(focus.x_source) as source,
        focus.x_cloud as cloud,
        complete.account,
        focus.RegionId as region,
        coalesce(billed.resource_id, focus.ResourceId) as resource_id,
        focus.BillingCurrency as currency,
        max(
            coalesce(
                json_extract_string(
                    if(json_valid(focus.SkuPriceDetails), focus.SkuPriceDetails, null), '$.InstanceType'
                ),
                look.sku
            )
        ) as sku,
        sum(focus.PricingQuantity)::double as hours,
        sum(focus.EffectiveCost)::double as cost,
        date_diff('day', min(focus.ChargePeriodStart)::date, max(focus.ChargePeriodStart)::date) as days_apart,
        max(focus.ChargePeriodStart)::date < complete.until - 2 as is_gone
    from raw.focus as focus
    join marts.sub_account_billed_until as complete
        on
            focus.x_cloud = complete.cloud
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    left join look on focus.x_cloud = look.cloud and coalesce(billed.resource_id, focus.ResourceId) = look.resource_id
    where
        focus.ServiceCategory = 'Compute'
        and focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ResourceId is not null
        and focus.CommitmentDiscountId is null
        and coalesce(focus.PricingCategory, 'Standard') = 'Standard'
        and regexp_matches(lower(coalesce(focus.PricingUnit, '')), '^(hours?|hrs|1 hour)$')
        and focus.ChargePeriodStart >= complete.until - to_days($days::integer)
        and focus.ChargePeriodStart < complete.until
    group by
        focus.x_cloud,
        complete.account,
        focus.RegionId,
        coalesce(billed.resource_id, focus.ResourceId),
        focus.BillingCurrency,
        complete.until
),

spot as (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.currency,
        min(price.price_hour) filter (where price.price_type in ('spot', 'spot_est'))::double
        / nullif(min(price.price_hour) filter (where price.price_type = 'on_demand'), 0)::double as price_ratio
    from marts.price as price
    where price.os = 'linux'
    group by all
),

account as (
    select
        min(machine.source) as source,
        machine.cloud,
        machine.account,
        machine.currency,
        count(*) as machines,
        sum(machine.cost) as cost,
        sum(machine.cost * (1 - spot.price_ratio)) as less
    from machine
    join spot using (cloud, region, sku, currency)
    where
        machine.hours < $most_hours
        and machine.days_apart <= 1
        and machine.is_gone
        and spot.price_ratio < 1
    group by all
)

select
    account.source,
    account.cloud,
    account.account,
    'global' as region,
    account.account as resource_id,
    'on demand' as before,
    'spot' as after,
    account.currency,
    0::decimal(38, 18) as saving_month_low,
    (account.less / $days * 30.4375)::decimal(38, 18) as saving_month_high,
    format(
        '{} machines lived for less than {:g} hours in {} days and cost {:.2f} {}, {:.0f} % more than as spot',
        account.machines, $most_hours, $days, account.cost, account.currency,
        100 * account.less / (account.cost - account.less)
    ) as reason
from account
where account.machines >= $least_machines
