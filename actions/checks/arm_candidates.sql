-- title: Try machines with ARM processors, which cost less for the same size
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param least_percent: 10.0
-- param least_cost_month: 500.0
-- blind: Whether the software of a machine runs on arm64, which nothing here can tell; and how fast it is there.
-- evidence: select resource.resource_id, resource.sku, resource.arch, resource.region, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource join marts.machine_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {resource_id} and resource.kind = 'instance' and
-- evidence: resource.state = 'running' and resource.arch = 'x86_64' and coalesce(json_extract_string(resource.config,
-- evidence: '$.os'), 'linux') = 'linux' order by rate.cost_month desc
--
-- One row per account whose Linux machines on x86 cost at least 500 a month and have an ARM size in their region with
-- the same vCPUs and memory, of the current generation, that is at least 10 % cheaper: the limit of catalogue CMP-07,
-- whose effort AWS Cost Optimization Hub calls very high where the workload is unknown
-- (https://docs.aws.amazon.com/cost-management/latest/userguide/coh-reviewing-recommendations.html). What it would save
-- is in the sentence and not counted, as nobody knows which of them can move.
with machine as materialized (
    select
        resource.source,
        resource.cloud,
        resource.account,
        resource.region,
        resource.resource_id,
        resource.sku,
        resource.vcpus,
        resource.memory_gib,
        rate.currency,
        rate.cost_month::double as cost_month
    from marts.resource_now as resource
    join marts.machine_run_rate as rate using (cloud, resource_id)
    where
        resource.kind = 'instance'
        and resource.state = 'running'
        and resource.arch = 'x86_64'
        and resource.vcpus is not null
        and coalesce(json_extract_string(resource.config, '$.os'), 'linux') = 'linux'
    -- Read by two sources: one machine.
    qualify row_number() over (
        partition by resource.cloud, resource.account, resource.resource_id, rate.currency order by resource.source asc
    ) = 1
),

-- The cheapest ARM size of each kind that is in use.
kind as materialized (
    select distinct
        machine.cloud,
        machine.region,
        machine.sku,
        machine.currency
    from machine
),

price as materialized (
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
        and (price.cloud, price.region) in (select (kind.cloud, kind.region) from kind)
    group by all
),

-- Materialized: every size beside every price would be tens of millions of rows.
shape as materialized (
    select
        kind.*,
        arm.instance_type as arm_sku
    from kind
    join marts.offer as now on kind.cloud = now.cloud and kind.sku = now.instance_type
    join marts.offer as arm
        on
            now.cloud = arm.cloud
            and arm.arch = 'arm64'
            and arm.current_generation
            and now.vcpus = arm.vcpus
            and now.memory_gib = arm.memory_gib
            and coalesce(now.burstable, false) = coalesce(arm.burstable, false)
            and coalesce(now.gpu_count, 0) = coalesce(arm.gpu_count, 0)
            and not coalesce(arm.bare_metal, false)
),

twin as (
    select
        shape.cloud,
        shape.region,
        shape.sku,
        shape.currency,
        shape.arm_sku,
        price.price_hour / price_now.price_hour as price_ratio
    from shape
    join price as price_now
        on
            shape.cloud = price_now.cloud
            and shape.region = price_now.region
            and shape.sku = price_now.sku
            and shape.currency = price_now.currency
    join price
        on
            shape.cloud = price.cloud
            and shape.region = price.region
            and shape.arm_sku = price.sku
            and shape.currency = price.currency
    where price.price_hour <= price_now.price_hour * (1 - $least_percent / 100)
    qualify row_number() over (
        partition by shape.cloud, shape.region, shape.sku, shape.currency
        order by price.price_hour asc, shape.arm_sku asc
    ) = 1
),

account as (
    select
        min(machine.source) as source,
        machine.cloud,
        machine.account,
        machine.currency,
        count(*) as machines,
        sum(machine.cost_month) as cost_month,
        sum(machine.cost_month * (1 - twin.price_ratio)) as less_month,
        arg_max(
            machine.sku || ' as ' || twin.arm_sku, (coalesce(machine.cost_month, 0), machine.resource_id)
        ) as example
    from machine
    join twin using (cloud, region, sku, currency)
    group by all
)

select
    account.source,
    account.cloud,
    account.account,
    'global' as region,
    account.account as resource_id,
    format('{} machines on x86', account.machines) as before,
    'arm64 where their software allows' as after,
    format(
        '{} machines that cost {:.2f} {} a month would cost {:.0f} % less on ARM, such as {}', account.machines,
        account.cost_month, account.currency, 100 * account.less_month / account.cost_month, account.example
    ) as reason
from account
where account.cost_month >= $least_cost_month
