-- title: Look at what is dear where it runs and cheaper in another region
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param least_percent: 15.0
-- param least_month: 100.0
-- blind: What moving data costs, how far away its users are, and where data must stay.
-- evidence: select resource.region, resource.sku, count(*) as machines, sum(rate.cost_month) as cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.machine_run_rate as rate using (cloud,
-- evidence: resource_id) where resource.cloud = {cloud} and resource.account = {resource_id} and resource.kind =
-- evidence: 'instance' and resource.state = 'running' group by all order by cost_month desc
--
-- AWS and Google Cloud, one row per account: its machines of one region would cost at least 15 % less in another region
-- of the same part of the world (the first word of its name), and 100 a month in all. Catalogue CMP-11, with the limits
-- of hystax/optscale (https://github.com/hystax/optscale), which counts no egress either: the sum is in the sentence
-- and not claimed. Prices: marts.price, Linux on demand, of the sizes that run there. Azure's names don't tell where a
-- region is.
with price as (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.currency,
        min(price.price_hour)::double as price_hour
    from marts.price as price
    where
        price.price_type = 'on_demand'
        and price.os = 'linux'
        and price.price_hour > 0
        and price.cloud in ('aws', 'gcp')
    group by all
),

machine as (
    select
        resource.source,
        resource.cloud,
        resource.account,
        resource.region,
        resource.sku,
        rate.currency,
        rate.cost_month
    from marts.resource_now as resource
    join marts.machine_run_rate as rate using (cloud, resource_id)
    where resource.kind = 'instance' and resource.state = 'running' and resource.cloud in ('aws', 'gcp')
    -- Read by two sources: one machine.
    qualify row_number() over (
        partition by resource.cloud, resource.account, resource.resource_id, rate.currency order by resource.source asc
    ) = 1
),

placed as materialized (
    select
        min(machine.source) as source,
        machine.cloud,
        machine.account,
        machine.region,
        machine.sku,
        machine.currency,
        count(*) as machines,
        sum(machine.cost_month)::double as cost_month
    from machine
    group by all
),

elsewhere as (
    select
        min(placed.source) as source,
        placed.cloud,
        placed.account,
        placed.region,
        placed.currency,
        there.region as other,
        sum(placed.machines) as machines,
        sum(placed.cost_month) as cost_month,
        sum(placed.cost_month * (1 - there.price_hour / here.price_hour)) as less_month
    from placed
    join price as here
        on
            placed.cloud = here.cloud
            and placed.region = here.region
            and placed.sku = here.sku
            and placed.currency = here.currency
    join price as there
        on
            placed.cloud = there.cloud
            and split_part(placed.region, '-', 1) = split_part(there.region, '-', 1)
            -- Government regions are places of their own.
            and contains(placed.region, '-gov-') = contains(there.region, '-gov-')
            and placed.region <> there.region
            and placed.sku = there.sku
            and placed.currency = there.currency
    group by all
),

whole as (
    -- All that runs there has a price in the other region.
    select
        placed.cloud,
        placed.account,
        placed.region,
        placed.currency,
        sum(placed.machines) as machines
    from placed
    group by all
),

best as (
    select elsewhere.*
    from elsewhere
    join whole using (cloud, account, region, currency, machines)
    where
        elsewhere.less_month >= elsewhere.cost_month * $least_percent / 100
        and elsewhere.less_month >= $least_month
    qualify row_number() over (
        partition by elsewhere.cloud, elsewhere.account, elsewhere.currency
        order by elsewhere.less_month desc, elsewhere.other asc
    ) = 1
)

select
    best.source,
    best.cloud,
    best.account,
    best.region,
    best.account as resource_id,
    best.region as before,
    best.other as after,
    format(
        '{} machines in {} cost {:.2f} {} a month; in {} they would cost {:.0f} % less', best.machines, best.region,
        best.cost_month, best.currency, best.other, 100 * best.less_month / best.cost_month
    ) as reason
from best
