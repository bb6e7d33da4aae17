-- title: Keep fewer instances of functions warm where few are used
-- kind: function
-- verb: configure
-- risk: R5
-- param used_share: 0.2
-- harm: More calls wait for a start of the function.
-- undo: Raise it again; that takes minutes.
-- blind: Peaks: the use is an average of a month, and a function may need all of it for an hour.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.days_billed, meter.last_day,
-- evidence: rate.cost_month, meter.currency, resource.sku, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter as meter using (cloud, resource_id)
-- evidence: left join marts.resource_meter_rate as rate using (cloud, resource_id, currency, meter)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by rate.cost_month desc
--
-- Less than 20 % of the warm instances' time was used: our rule, catalogue SRV-05. The bill has the gigabyte-seconds
-- that were kept warm and those that requests used on them
-- (https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html). The high end is the share that nothing
-- used; the low end is zero, as peaks may need it. R5: the gate has no verb for a setting.
with warm as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.quantity) filter (
            where regexp_matches(meter.meter, 'Lambda-Provisioned-Concurrency', 'i')
        )::double as kept,
        coalesce(
            sum(meter.quantity) filter (where regexp_matches(meter.meter, 'Lambda-Provisioned-GB-Second', 'i')), 0
        )::double as used
    from marts.resource_meter as meter
    group by all
    having kept > 0
),

paid as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month
    from marts.resource_meter_rate as rate
    where regexp_matches(rate.meter, 'Lambda-Provisioned-Concurrency', 'i')
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'kept warm' as before,
    'fewer instances kept warm' as after,
    paid.currency,
    0::decimal(38, 18) as saving_month_low,
    (paid.cost_month * (1 - warm.used / warm.kept))::decimal(38, 18) as saving_month_high,
    format(
        '{:.1f} % of what is kept warm is used; that costs {:.2f} {} a month',
        100 * warm.used / warm.kept, paid.cost_month::double, paid.currency
    ) as reason
from marts.resource_now as base
join paid on base.cloud = paid.cloud and base.resource_id = paid.resource_id
join warm
    on paid.cloud = warm.cloud and paid.resource_id = warm.resource_id and paid.currency = warm.currency
where base.kind = 'function' and warm.used / warm.kept < $used_share
