-- title: Look at ARM for node pools, where it costs less
-- kind: node_pool
-- verb: review
-- risk: R0
-- about: capacity
-- param share: 0.1
-- blind: Images that are built for x86 only, and whether ARM is as fast for the work.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- turbot's thrifty mods say so of AWS; at least 10 % cheaper with the same vCPUs and memory: AWS Compute Optimizer's
-- and our rule, from catalogue CMP-07. Azure's sizes with a p
-- (https://learn.microsoft.com/azure/virtual-machines/sizes/overview) and Google Cloud's C4A
-- (https://cloud.google.com/compute/docs/general-purpose-machines#c4a_series), by the prices of the region in
-- marts.price. Every image of the pool has to be built for arm64, and nothing here says whether it is, so no saving
-- is claimed.
with sibling as (
    select
        pool.*,
        case
            when pool.cloud = 'azure'
                then regexp_replace(pool.sku, '^Standard_([DE])(\d+)a?(d?)s_v([56])$', 'Standard_\1\2p\3s_v\4')
            when pool.cloud = 'gcp'
                then regexp_replace(pool.sku, '^(n1|n2|n2d|e2|c3)-(standard|highmem)-(\d+)$', 'c4a-\2-\3')
        end as arm_sku
    from marts.resource_now as pool
    where pool.kind = 'node_pool' and json_extract_string(pool.config, '$.os') = 'linux'
),

price as (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.currency,
        min(price.price_hour)::double as price_hour
    from marts.price as price
    where price.price_type = 'on_demand' and price.os = 'linux' and price.price_hour > 0
    group by all
),

compared as (
    select
        sibling.source,
        sibling.cloud,
        sibling.account,
        sibling.region,
        sibling.resource_id,
        sibling.sku,
        sibling.arm_sku,
        min(1 - price_arm.price_hour / price_now.price_hour) as share
    from sibling
    join marts.offer as now on sibling.cloud = now.cloud and sibling.sku = now.instance_type
    join marts.offer as arm
        on
            sibling.cloud = arm.cloud
            and sibling.arm_sku = arm.instance_type
            and arm.arch = 'arm64'
            and now.vcpus <= arm.vcpus
            and now.memory_gib <= arm.memory_gib
    left join price as price_now
        on
            sibling.cloud = price_now.cloud
            and sibling.region = price_now.region
            and sibling.sku = price_now.sku
    left join price as price_arm
        on
            price_now.cloud = price_arm.cloud
            and price_now.region = price_arm.region
            and price_now.currency = price_arm.currency
            and sibling.arm_sku = price_arm.sku
    where sibling.arm_sku <> sibling.sku
    group by all
)

select
    compared.source,
    compared.cloud,
    compared.account,
    compared.region,
    compared.resource_id,
    compared.sku as before,
    compared.arm_sku as after,
    coalesce(
        format('{} costs {:.0f} % less than {}', compared.arm_sku, 100 * compared.share, compared.sku),
        'on ' || compared.sku
    ) as reason,
    if(
        compared.share is null,
        format('the prices of {} and {} in {}', compared.sku, compared.arm_sku, compared.region),
        null
    ) as missing
from compared
where coalesce(compared.share >= $share, true)
