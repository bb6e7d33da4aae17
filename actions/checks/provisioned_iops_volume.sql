-- title: Move volumes with provisioned IOPS to gp3, which carries as many for less
-- kind: disk
-- verb: resize
-- risk: R2
-- param most_iops: 16000
-- param iops_per_gib: 500
-- param gib_price: 0.125
-- param iops_price: 0.065
-- param gp3_gib_price: 0.08
-- param gp3_iops_price: 0.005
-- param gp3_throughput_price: 0.04
-- param free_iops: 3000
-- param free_mib_s: 125
-- param most_mib_s: 1000
-- blind: That gp3 answers a little later, and promises 99.8 % instead of io2's 99.999 % durability.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- AWS only. io1 and io2 up to 16,000 IOPS: turbot's thrifty mod (ebs_volume_io1, ebs_volume_using_io1_io2). List
-- prices of both types (https://aws.amazon.com/ebs/pricing/) give the share that goes away, at the same size and IOPS;
-- it is taken of what the volume really costs. The low end also buys all the throughput that gp3 can have, as nothing
-- measures how much is used. Left out are volumes with more than 500 IOPS per GiB, which gp3 can't have
-- (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html), and those that several machines share, which
-- gp3 can't be. Data: sku, size and `iops` of the inventory.
with volume as (
    select
        disk.*,
        try_cast(json_extract_string(disk.config, '$.iops') as double) as iops
    from marts.resource_now as disk
    where
        disk.kind = 'disk'
        and disk.cloud = 'aws'
        and disk.sku in ('io1', 'io2')
),

priced as (
    select
        volume.*,
        volume.size_gib * $gib_price + volume.iops * $iops_price as list_now,
        volume.size_gib * $gp3_gib_price + greatest(volume.iops - $free_iops, 0) * $gp3_iops_price as list_after,
        ($most_mib_s - $free_mib_s) * $gp3_throughput_price as list_throughput
    from volume
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    priced.sku as before,
    'gp3' as after,
    rate.currency,
    (
        rate.cost_month
        * greatest(1 - (priced.list_after + priced.list_throughput) / nullif(priced.list_now, 0), 0)
        * (1 - coalesce(rate.commitment_share, 0))
    )::decimal(38, 18) as saving_month_low,
    (rate.cost_month * (1 - priced.list_after / nullif(priced.list_now, 0)))::decimal(38, 18) as saving_month_high,
    coalesce(
        format('{} of {:.0f} GiB with {:.0f} IOPS', priced.sku, priced.size_gib, priced.iops), priced.sku
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when priced.iops is null then 'how many IOPS it has'
        when priced.size_gib is null then 'how large it is'
    end as missing
from priced
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    coalesce(priced.iops <= $most_iops, true)
    and coalesce(priced.iops <= priced.size_gib * $iops_per_gib, true)
    and json_extract_string(priced.config, '$.attachments') is null
