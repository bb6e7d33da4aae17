-- title: Run fewer or smaller machines in groups that never use a third of them
-- kind: scaling_group
-- verb: configure
-- risk: R5
-- param days: 14
-- param cpu_percent: 30.0
-- param memory_percent: 50.0
-- param idle_percent: 5.0
-- harm: Peaks beyond those that were measured wait until the group has scaled up.
-- undo: Set size and least number of machines back.
-- blind: Load that would be spread unevenly over fewer machines, and zones that each need one.
-- evidence: select machine.resource_id, machine.sku, machine.state, metric.metric, metric.window_days,
-- evidence: metric.coverage, metric.avg, metric.p99_max, metric.max, rate.cost_month, rate.currency from
-- evidence: marts.resource_now as machine left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.machine_run_rate as rate using (cloud, resource_id) where machine.cloud =
-- evidence: {cloud} and machine.account = {account} and {resource_id} in (machine.resource_id, machine.member_of)
-- evidence: order by machine.resource_id, metric.metric, metric.window_days
--
-- CPU of every member below 30 % at p99 of the hourly maximum, memory below 50 % at its highest, over 14 days: the
-- limits of microsoft/finops-toolkit's optimisation engine for scale sets
-- (https://github.com/microsoft/finops-toolkit/tree/dev/src/optimization-engine), from catalogue CMP-18. Memory of
-- every member has to be measured: half as many machines hold twice as much of it each. Groups of one machine are left
-- out, and those that do nothing at all (idle_scaling_group), node groups of clusters, and groups whose members are
-- younger than 14 days, since those scale. The saving is half of what the members cost: half as many, or of half the
-- size. R5: the gate has no verb for a group's size or template.
with member as (
    select
        scaling.source,
        scaling.cloud,
        scaling.account,
        scaling.resource_id as group_id,
        machine.resource_id
    from marts.resource_now as scaling
    join marts.resource_now as machine
        on
            scaling.source = machine.source
            and scaling.cloud = machine.cloud
            and scaling.account = machine.account
            and machine.kind = 'instance'
            and machine.state = 'running'
            and scaling.resource_id = machine.member_of
    where
        scaling.kind = 'scaling_group'
        and scaling.member_of is null
        and coalesce(scaling.age_days >= $days, true)
),

judged as (
    select
        member.source,
        member.cloud,
        member.account,
        member.group_id,
        count(*) as machines,
        max(cpu.p99_max) as cpu_p99,
        max(cpu.max) as cpu_max,
        max(memory.max) as memory_max,
        bool_and(cpu.missing is null) as has_cpu,
        bool_and(memory.missing is null) as has_memory
    from member
    left join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    left join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
    group by all
    having count(*) > 1
),

cost as (
    select
        member.source,
        member.cloud,
        member.account,
        member.group_id,
        rate.currency,
        sum(rate.cost_month) as cost_month,
        sum(rate.cost_month::double * coalesce(rate.commitment_share, 0)) as committed_month
    from member
    join marts.machine_run_rate as rate on member.cloud = rate.cloud and member.resource_id = rate.resource_id
    group by all
)

select
    scaling.source,
    scaling.cloud,
    scaling.account,
    scaling.region,
    scaling.resource_id,
    format('{} machines', judged.machines) as before,
    format('{} machines, or of half the size', ceil(judged.machines / 2)::integer) as after,
    cost.currency,
    ((cost.cost_month::double - cost.committed_month) * floor(judged.machines / 2) / judged.machines)::decimal(38, 18)
        as saving_month_low,
    (cost.cost_month::double * floor(judged.machines / 2) / judged.machines)::decimal(38, 18) as saving_month_high,
    format('{} machines: CPU {:.0f} %', judged.machines, judged.cpu_p99)
    || coalesce(format(' and memory {:.0f} %', judged.memory_max), '')
    || format(' at their peaks in {} days', $days)
    || coalesce(format(', cost {:.2f} {} a month', cost.cost_month::double, cost.currency), '') as reason,
    if(judged.has_memory, null, 'memory_percent of all its machines; a monitoring agent would measure it') as missing
from judged
join marts.resource_now as scaling
    on
        judged.source = scaling.source
        and judged.cloud = scaling.cloud
        and judged.account = scaling.account
        and judged.group_id = scaling.resource_id
        and scaling.kind = 'scaling_group'
left join cost
    on
        judged.source = cost.source
        and judged.cloud = cost.cloud
        and judged.account = cost.account
        and judged.group_id = cost.group_id
where
    judged.has_cpu
    and judged.cpu_p99 < $cpu_percent
    and judged.cpu_max >= $idle_percent
    -- Half as many machines of an odd number are more than half loaded: all of it has to fit.
    and (not judged.has_memory or judged.memory_max < $memory_percent)
