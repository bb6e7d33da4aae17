-- title: Keep fewer instances of functions warm where few are used
-- kind: function
-- verb: configure
-- risk: R5
-- param used_share: 0.2
-- harm: More calls wait for a start of the function.
-- undo: Raise it again; that takes minutes.
-- blind: Peaks: the use is an average of a month, and a function may need all of it for an hour.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost, meter.currency,
-- evidence: meter.days_billed, meter.last_day, resource.sku, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost desc
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
        )::double as used,
        sum(meter.cost) filter (where regexp_matches(meter.meter, 'Lambda-Provisioned-Concurrency', 'i'))::double
        / nullif(sum(meter.cost), 0)::double as share
    from marts.resource_meter as meter
    group by all
    having kept > 0
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'kept warm' as before,
    'fewer instances kept warm' as after,
    rate.currency,
    0::decimal(38, 18) as saving_month_low,
    (rate.cost_month * warm.share * (1 - warm.used / warm.kept))::decimal(38, 18) as saving_month_high,
    format(
        '{:.1f} % of what is kept warm is used; that costs {:.2f} {} a month',
        100 * warm.used / warm.kept, rate.cost_month::double * warm.share, rate.currency
    ) as reason
from marts.resource_now as base
join marts.resource_run_rate as rate on base.cloud = rate.cloud and base.resource_id = rate.resource_id
join warm
    on rate.cloud = warm.cloud and rate.resource_id = warm.resource_id and rate.currency = warm.currency
where base.kind = 'function' and warm.used / warm.kept < $used_share
