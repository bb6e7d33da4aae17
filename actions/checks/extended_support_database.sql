-- title: Upgrade databases whose version is out of support and costs a surcharge
-- kind: database
-- verb: configure
-- risk: R5
-- harm: Queries and drivers may behave differently in the new major version; it is away while it is upgraded.
-- undo: Only from the snapshot that is taken before; a version out of support may not be had again.
-- blind: Databases past support that the provider does not charge for, and what an upgrade takes.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.sku, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter_rate as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost_month desc
--
-- The surcharge stands on the bill: RDS charges by vCPU and hour for versions past their standard support
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html), and an upgrade ends it. What is saved is
-- exactly those lines, in their share of what the database costs a month. R5: an upgrade of a major version is an
-- engineer's work.
with surcharge as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) filter (
            where regexp_matches(concat_ws(' ', meter.meter, meter.description), 'extended.?support', 'i')
        )::double
        / nullif(sum(meter.cost_month), 0)::double as share
    from marts.resource_meter_rate as meter
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    concat_ws(' ', json_extract_string(base.config, '$.engine'), json_extract_string(base.config, '$.version'))
        as before,
    'a version in standard support' as after,
    rate.currency,
    (rate.cost_month * surcharge.share)::decimal(38, 18) as saving_month_low,
    (rate.cost_month * surcharge.share)::decimal(38, 18) as saving_month_high,
    concat_ws(' ', json_extract_string(base.config, '$.engine'), json_extract_string(base.config, '$.version'))
    || format(
        ' is out of standard support, which costs {:.2f} {} of {:.2f} a month',
        rate.cost_month::double * surcharge.share, rate.currency, rate.cost_month::double
    ) as reason
from marts.resource_now as base
join marts.resource_run_rate as rate on base.cloud = rate.cloud and base.resource_id = rate.resource_id
join surcharge
    on rate.cloud = surcharge.cloud and rate.resource_id = surcharge.resource_id and rate.currency = surcharge.currency
where base.kind = 'database' and surcharge.share > 0
