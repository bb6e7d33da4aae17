-- title: Measure the memory of machines, so that their size can be judged
-- kind: account
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param least_share: 0.25
-- param least_machines: 3
-- blind: Monitoring that sends its measurements elsewhere.
-- evidence: select resource.resource_id, resource.sku, memory.hours_measured, rate.cost_month, rate.currency from
-- evidence: marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id) left
-- evidence: join marts.metric_quantiles as memory on resource.cloud = memory.cloud and resource.account =
-- evidence: memory.account and resource.resource_id = memory.resource_id and memory.metric = 'memory_percent' and
-- evidence: memory.window_days = 14 where resource.cloud = {cloud} and resource.account = {resource_id} and
-- evidence: resource.kind = 'instance' and resource.state = 'running' order by memory.hours_measured nulls first,
-- evidence: rate.cost_month desc
--
-- One row per account in which a quarter of the machines, and at least three, that have run for 14 days measure no
-- memory: our limits, from catalogue CMP-03. Only sizes with as much memory as today's are offered for these
-- (oversized_instance), as AWS Compute Optimizer does without its agent
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/metrics.html). The CloudWatch agent sends it on AWS, the Ops
-- Agent on Google Cloud, the metrics agent on DigitalOcean; Azure measures it without.
with machine as (
    select
        min(resource.source) as source, -- two may read it
        resource.cloud,
        resource.account,
        resource.resource_id,
        memory.hours_measured is not null as is_measured
    from marts.resource_now as resource
    left join marts.metric_quantiles as memory
        on
            resource.cloud = memory.cloud
            and resource.account = memory.account
            and resource.resource_id = memory.resource_id
            and memory.metric = 'memory_percent'
            and memory.window_days = $days
    where resource.kind = 'instance' and resource.state = 'running' and resource.age_days >= $days
    group by all
),

counted as (
    select
        min(machine.source) as source,
        machine.cloud,
        machine.account,
        count(*) as machines,
        count_if(not machine.is_measured) as unmeasured
    from machine
    group by all
),

spent as (
    select
        machine.cloud,
        machine.account,
        string_agg(told, ' and ' order by told) as told
    from (
        select
            machine.cloud,
            machine.account,
            format('{:.2f} {}', sum(rate.cost_month)::double, rate.currency) as told
        from machine
        join marts.resource_run_rate as rate using (cloud, resource_id)
        where not machine.is_measured
        group by machine.cloud, machine.account, rate.currency
    ) as machine
    group by all
)

select
    counted.source,
    counted.cloud,
    counted.account,
    'global' as region,
    counted.account as resource_id,
    format('{} of {} machines measure memory', counted.machines - counted.unmeasured, counted.machines) as before,
    'a monitoring agent on each' as after,
    format('{} of {} machines measure no memory', counted.unmeasured, counted.machines)
    || coalesce('; they cost ' || spent.told || ' a month', '') as reason
from counted
left join spent using (cloud, account)
where counted.unmeasured >= $least_machines and counted.unmeasured >= counted.machines * $least_share
