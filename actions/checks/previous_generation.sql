-- title: Move machines of an older generation to its successor, which costs less
-- kind: instance
-- verb: resize
-- risk: R5
-- harm: It restarts on other hardware; what depends on the old type (drivers, licences, benchmarks) may not start.
-- undo: Change it back while the provider still sells the old type.
-- blind: Drivers in the image, licences bound to the size, and whether the application runs as well on the successor.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.vcpus, resource.memory_gib,
-- evidence: resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.machine_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Same size of the successor that the provider names, with at least the vCPUs and memory, the same architecture and at
-- least the local disks, for less: AWS (https://aws.amazon.com/ec2/previous-generation/; t2 by turbot's thrifty mods)
-- and Azure v3 and v4 to v5 (https://learn.microsoft.com/azure/virtual-machines/sizes-previous-gen); hystax/optscale
-- does so, too. Google Cloud's and DigitalOcean's successors cost more, so none are listed. Prices: those of the
-- region in marts.price. R5, work for an engineer: on AWS the hypervisor changes from Xen to Nitro, so the image needs
-- the drivers of it (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resize-limitations.html); on Azure a size
-- with a temporary disk can't be resized in place to one without, and nothing here says which have one.
with successor as (
    select
        machine.*,
        coalesce(json_extract_string(machine.config, '$.os'), 'linux') as os,
        case
            when machine.cloud = 'aws' then regexp_replace(machine.sku, '^([mcr])[34]\.', '\1' || '5.')
            when machine.cloud = 'azure' then regexp_replace(machine.sku, '_v[34]$', '_v5')
        end as step,
        if(machine.cloud = 'aws', regexp_replace(step, '^t2\.', 't3.'), step) as next_sku
    from marts.resource_now as machine
    where
        machine.kind = 'instance'
        and machine.state = 'running'
        and (
            (machine.cloud = 'aws' and regexp_matches(machine.sku, '^([mcr][34]|t2)\.'))
            or (machine.cloud = 'azure' and regexp_matches(machine.sku, '^Standard_[DE][0-9]+(s|d|ds)?_v[34]$'))
        )
),

price as (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.os,
        price.currency,
        min(price.price_hour) as price_hour
    from marts.price as price
    where price.price_type = 'on_demand' and price.price_hour > 0
    group by all
),

priced as (
    select
        successor.*,
        coalesce(
            contains(now.arch, later.arch) -- t2 can do i386, too
            and coalesce(later.burstable, false) = coalesce(now.burstable, false)
            and later.vcpus >= now.vcpus
            and later.memory_gib >= now.memory_gib
            and coalesce(later.local_storage_gb, 0) >= coalesce(now.local_storage_gb, 0),
            false
        ) as fits,
        min(price_after.price_hour::double / price_now.price_hour::double) as price_ratio,
        max(price_now.price_hour) as price_hour
    from successor
    left join marts.offer as now on successor.cloud = now.cloud and successor.sku = now.instance_type
    left join marts.offer as later on successor.cloud = later.cloud and successor.next_sku = later.instance_type
    left join price as price_now
        on
            successor.cloud = price_now.cloud
            and successor.region = price_now.region
            and successor.sku = price_now.sku
            and successor.os = price_now.os
    left join price as price_after
        on
            price_now.cloud = price_after.cloud
            and price_now.region = price_after.region
            and price_now.os = price_after.os
            and price_now.currency = price_after.currency
            and successor.next_sku = price_after.sku
    group by all
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    priced.sku as before,
    priced.next_sku as after,
    rate.currency,
    (rate.cost_month * (1 - priced.price_ratio) * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18)
        as saving_month_low,
    (rate.cost_month * (1 - priced.price_ratio))::decimal(38, 18) as saving_month_high,
    coalesce(
        format('{} costs {:.0f} % less than {}', priced.next_sku, 100 * (1 - priced.price_ratio), priced.sku),
        format('runs on {}', priced.sku)
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when priced.price_hour is null then format('the price of {} in {}', priced.sku, priced.region)
        when priced.price_ratio is null then format('the price of {} in {}', priced.next_sku, priced.region)
    end as missing
from priced
left join marts.machine_run_rate as rate
    on priced.cloud = rate.cloud and priced.resource_id = rate.resource_id
where priced.fits and coalesce(priced.price_ratio < 1, true)
