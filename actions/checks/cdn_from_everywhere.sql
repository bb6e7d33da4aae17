-- title: Deliver only from regions whose users are worth it
-- kind: cdn
-- verb: review
-- risk: R0
-- about: governance
-- param least_cost: 50
-- param dear_share: 0.05
-- blind: How much slower it gets for users of the regions that would be left out.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost, meter.currency, resource.sku
-- evidence: from marts.resource_now as resource left join marts.resource_meter as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost desc
--
-- Delivers from all regions: turbot's thrifty mods (cloudfront_distribution_pricing_class,
-- https://hub.steampipe.io/mods/turbot/aws_thrifty), here only where 5 % or more of the bill is for the dearer regions
-- (Asia, Australia, India, Japan, South America, the Middle East, South Africa), which a smaller price class serves from
-- elsewhere for less (https://aws.amazon.com/cloudfront/pricing/). What it would save depends on from where it is served
-- then, so no saving is claimed.
with dear as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        coalesce(
            sum(meter.cost) filter (where regexp_matches(meter.meter, '^(AP|AU|IN|JP|SA|ME|ZA)-')), 0
        )::double
        / nullif(sum(meter.cost), 0)::double as share,
        bool_or(regexp_matches(meter.meter, '^[A-Z]{2}-')) as tells_region
    from marts.resource_meter as meter
    group by all
)

select
    edge.source,
    edge.cloud,
    edge.account,
    edge.region,
    edge.resource_id,
    'from all regions' as before,
    'from the cheaper regions' as after,
    if(
        dear.tells_region,
        format('{:.0f} % of its bill is for the dearest regions', 100 * dear.share),
        'delivers from all regions'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    if(dear.tells_region, null, 'what each region costs: the bill does not tell it apart') as missing
from marts.resource_now as edge
join marts.resource_run_rate as rate on edge.cloud = rate.cloud and edge.resource_id = rate.resource_id
left join dear
    on rate.cloud = dear.cloud and rate.resource_id = dear.resource_id and rate.currency = dear.currency
where
    edge.kind = 'cdn'
    and edge.sku = 'PriceClass_All'
    and json_extract_string(edge.config, '$.enabled') is distinct from 'false'
    and rate.cost_month >= $least_cost
    and (not coalesce(dear.tells_region, false) or dear.share >= $dear_share)
