-- One row per cloud: how many GiB of memory cost as much as one core, from what its instance types cost.
-- The plane through all prices with the least relative error. Where prices do not say, the ratio of OpenCost's default
-- prices: 0.031611 per core and 0.004237 per GiB and hour.
-- group: kubernetes
with priced as (
    select
        price.cloud,
        offer.vcpus / price.price_hour as cores,
        offer.memory_gib / price.price_hour as gib
    from marts.price as price
    join marts.offer as offer using (cloud, instance_type)
    where
        price.price_type = 'on_demand'
        and price.os = 'linux'
        and price.currency = 'USD'
        and price.price_hour > 0
        and offer.vcpus > 0
        and offer.memory_gib > 0
        and coalesce(offer.gpu_count, 0) = 0
        and not coalesce(offer.burstable, false)
),

-- Least squares of 1 = core_price * cores + gib_price * gib.
summed as (
    select
        priced.cloud,
        sum(priced.cores * priced.cores) as cores_cores,
        sum(priced.gib * priced.gib) as gib_gib,
        sum(priced.cores * priced.gib) as cores_gib,
        sum(priced.cores) as cores,
        sum(priced.gib) as gib,
        count(*) as prices
    from priced
    group by all
),

solved as (
    select
        summed.cloud,
        summed.prices,
        cores_cores * gib_gib - cores_gib * cores_gib as determinant,
        (summed.cores * summed.gib_gib - summed.gib * summed.cores_gib) / nullif(determinant, 0) as core_price,
        (summed.gib * summed.cores_cores - summed.cores * summed.cores_gib) / nullif(determinant, 0) as gib_price
    from summed
)

select
    solved.cloud,
    solved.prices,
    coalesce(solved.prices >= 10 and solved.core_price > 0 and solved.gib_price > 0, false) as is_measured,
    -- Rounded, as sums of doubles differ in their last digits from run to run.
    if(is_measured, round(solved.core_price / solved.gib_price, 6), 0.031611 / 0.004237) as gib_per_core
from solved
