-- title: Move gp2 volumes to gp3, which costs a fifth less
-- kind: disk
-- verb: resize
-- risk: R2
-- param free_iops: 3000
-- param most_iops: 16000
-- param gp3_price: 0.8
-- param iops_price: 0.05
-- param throughput_price: 0.4
-- param throughput_gib: 170
-- param throughput_mib_s: 125
-- blind: How much of what gp2 can give is used, so the low end of the range buys all of it for gp3.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- AWS only. gp3 costs 0.08 where gp2 costs 0.10 per GiB-month, with 3,000 IOPS and 125 MiB/s in the price, a further
-- IOPS for 0.005 and a further MiB/s for 0.04 a month (https://aws.amazon.com/ebs/pricing/); the params are shares of
-- the price of one GiB of gp2, so that discounts and currencies cancel out. gp2 gives 3 IOPS per GiB up to 16,000, and
-- 250 MiB/s above 170 GiB (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html). The low end buys as
-- much for gp3 as gp2 can give at most and the high end nothing. turbot's thrifty mod: any gp2. The change is made
-- online, but the gate counts any resize as R2. Data: sku, size and `iops` of the inventory.
with volume as (
    select
        disk.*,
        coalesce(
            try_cast(json_extract_string(disk.config, '$.iops') as double),
            least(greatest(3 * disk.size_gib, 100), $most_iops)
        ) as iops,
        if(disk.size_gib > $throughput_gib, $throughput_mib_s, 0) as throughput
    from marts.resource_now as disk
    where
        disk.kind = 'disk'
        and disk.cloud = 'aws'
        and disk.sku = 'gp2'
),

priced as (
    select
        volume.*,
        rate.currency,
        rate.cost_month,
        coalesce(rate.commitment_share, 0) as commitment_share,
        greatest(volume.iops - $free_iops, 0) * $iops_price + volume.throughput * $throughput_price as extra_gib
    from volume
    left join marts.resource_run_rate as rate using (cloud, resource_id)
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    priced.sku as before,
    'gp3' as after,
    priced.currency,
    if(
        priced.cost_month is null,
        null,
        greatest(
            priced.cost_month::double * (1 - $gp3_price - priced.extra_gib / nullif(priced.size_gib, 0)), 0
        )
        * (1 - priced.commitment_share)
    )::decimal(38, 18) as saving_month_low,
    (priced.cost_month::double * (1 - $gp3_price))::decimal(38, 18) as saving_month_high,
    coalesce(format('gp2 of {:.0f} GiB with up to {:.0f} IOPS', priced.size_gib, priced.iops), 'gp2')
    || costs(priced.cost_month, priced.currency) as reason,
    if(priced.size_gib is null, 'how large it is', null) as missing
from priced
