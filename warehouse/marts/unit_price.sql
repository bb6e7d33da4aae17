-- One row per cloud, region, currency and what (disk_gib_month, egress_gib): its price by the bills of the last 32 days.
-- Of disks that of the kind most of which was bought there; egress is data sent to the internet. GB on bills is GiB.
-- A price that is not stated is cost over quantity; where that is beyond all bounds (a trace of a GB), there is none.
-- group: market
with disk as (
    -- Two sources may read it.
    select distinct
        resource.cloud,
        resource.resource_id,
        resource.sku
    from marts.resource_now as resource
    where resource.kind = 'disk'
),

line as (
    select
        focus.x_cloud as cloud,
        focus.RegionId as region,
        focus.BillingCurrency as currency,
        case
            when
                disk.resource_id is not null
                and regexp_matches(focus.PricingUnit, '^(gb|gib|gibibyte)[ -]?mo(nth)?s?$', 'i')
                then 'disk_gib_month'
            when
                regexp_matches(focus.PricingUnit, '^(gb|gib|gibibyte|gigabyte)s?$', 'i')
                and regexp_matches(
                    concat_ws(' ', focus.ChargeDescription, focus.SkuMeter),
                    'data ?transfer.?out|internet.*(transfer out|egress)|egress.*internet|datatransfer-out-bytes',
                    'i'
                )
                then 'egress_gib'
        end as what,
        if(disk.resource_id is null, null, disk.sku) as sku,
        coalesce(
            focus.ContractedUnitPrice,
            focus.ListUnitPrice,
            try_cast(round(focus.EffectiveCost::double / focus.PricingQuantity::double, 9) as decimal(38, 18))
        ) as price,
        sum(focus.PricingQuantity) as quantity,
        max(focus.ChargePeriodStart)::date as as_of
    from raw.focus as focus
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    left join disk on focus.x_cloud = disk.cloud and coalesce(billed.resource_id, focus.ResourceId) = disk.resource_id
    where
        focus.ChargeCategory = 'Usage'
        and focus.PricingQuantity > 0
        and focus.ChargePeriodStart >= getvariable('as_of') - interval 32 day
        and focus.ChargePeriodStart < getvariable('as_of')
    group by all
)

select
    line.cloud,
    line.region,
    line.currency,
    line.what,
    line.sku, -- of a disk
    line.price,
    line.as_of
from line
where line.what is not null and line.price > 0 and line.region is not null
qualify
    row_number() over (
        partition by line.cloud, line.region, line.currency, line.what
        order by line.quantity desc, line.price asc, line.sku asc
    ) = 1
