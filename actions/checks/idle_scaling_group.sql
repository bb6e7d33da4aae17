-- title: Let scaling groups go to zero whose machines have done nothing for {days} days
-- kind: scaling_group
-- verb: configure
-- risk: R5
-- param days: 14
-- param cpu_percent: 5.0
-- param bytes_a_day: 5000000.0
-- harm: What still calls the group fails until it is scaled up again.
-- undo: Set the desired number of machines back.
-- blind: A group that waits for work on purpose, such as a standby of another region.
-- evidence: select machine.resource_id, machine.sku, machine.state, metric.metric, metric.window_days,
-- evidence: metric.coverage, metric.avg, metric.p99_max, metric.max, rate.cost_month, rate.currency from
-- evidence: marts.resource_now as machine left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where machine.cloud =
-- evidence: {cloud} and machine.account = {account} and {resource_id} in (machine.resource_id, machine.member_of)
-- evidence: order by machine.resource_id, metric.metric, metric.window_days
--
-- No member above 5 % CPU at its highest and 5 MB a day: AWS Compute Optimizer's idle Auto Scaling groups
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). Every member that runs has to be
-- measured for 14 days; of a group with members that are younger nothing is said, since it scales. Azure measures scale
-- sets as a whole. Node groups of Kubernetes clusters are left out: their pods are judged there. The saving is what the
-- members (or the scale set) cost. R5: the gate has no verb for the size of a group.
with member as (
    -- The machines of a group, and groups that are measured and billed as one.
    select
        scaling.source,
        scaling.cloud,
        scaling.account,
        scaling.resource_id as group_id,
        machine.resource_id,
        machine.kind
    from marts.resource_now as scaling
    join marts.resource_now as machine
        on
            scaling.source = machine.source
            and scaling.cloud = machine.cloud
            and scaling.account = machine.account
            and (
                (machine.kind = 'instance' and machine.state = 'running' and scaling.resource_id = machine.member_of)
                or (machine.kind = 'scaling_group' and scaling.resource_id = machine.resource_id)
            )
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
        count(*) filter (where member.kind = 'instance') as machines,
        count(*) filter (where member.kind = 'instance' and cpu.hours_measured is null) as unmeasured,
        count(cpu.hours_measured) as measured,
        max(cpu.max) as cpu_max,
        max(network.avg) * 86400 as bytes_a_day,
        bool_and(cpu.missing is null and network.missing is null) filter (
            where member.kind = 'instance' or cpu.hours_measured is not null
        ) as is_complete
    from member
    left join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    left join evidence_of('network_bytes_s', $days) as network using (source, cloud, account, resource_id)
    group by all
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
    join marts.resource_run_rate as rate on member.cloud = rate.cloud and member.resource_id = rate.resource_id
    group by all
)

select
    scaling.source,
    scaling.cloud,
    scaling.account,
    scaling.region,
    scaling.resource_id,
    coalesce('desired ' || json_extract_string(scaling.config, '$.desired'), 'running') as before,
    'desired 0' as after,
    cost.currency,
    (cost.cost_month::double - cost.committed_month)::decimal(38, 18) as saving_month_low,
    cost.cost_month as saving_month_high,
    if(judged.machines > 0, format('{} machines', judged.machines), 'machines of a scale set')
    || coalesce(format(': CPU at most {:.1f} % in {} days', judged.cpu_max, $days), '')
    || coalesce(format(', {:.0f} bytes a day', judged.bytes_a_day), '')
    || costs(cost.cost_month, cost.currency) as reason,
    if(judged.unmeasured = judged.machines and judged.measured = 0, 'any cpu_percent of its machines', null) as missing
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
    (judged.machines > 0 and judged.unmeasured = judged.machines and judged.measured = 0)
    or (
        judged.measured > 0
        and judged.is_complete
        and judged.cpu_max < $cpu_percent
        and judged.bytes_a_day < $bytes_a_day
    )
