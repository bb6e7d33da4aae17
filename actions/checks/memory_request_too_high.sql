-- title: Let workloads ask for as much memory as they use
-- kind: workload
-- verb: configure
-- risk: R5
-- param hours: 269
-- param headroom: 1.15
-- param least_gib: 0.1
-- param kept: 0.9
-- harm: Pods are packed closer: where a node runs out of memory, they may be evicted. They restart once.
-- undo: Set the request back; pods restart once more.
-- blind: Pods that were killed for want of memory, heaps of a fixed size (Java), caches that fill what they get, and a
-- blind: peak that comes less than once in 14 days. That fewer requests save money only once a node less is needed.
-- evidence: select workload.cluster, workload.memory_request, workload.memory_max, workload.memory_hours, workload.replicas,
-- evidence: workload.scaled_by, workload.memory_cost_month, workload.currency
-- evidence: from marts.kubernetes_workload as workload
-- evidence: where workload.cluster = {account} and workload.workload = {resource_id} and {cloud} = 'kubernetes'
--
-- The highest use of any replica in 14 days and 15 %, never below 100 MiB: krr's simple strategy
-- (https://github.com/robusta-dev/krr). 80 % of 14 days have to be measured. Left out: what an autoscaler scales by
-- memory. The high end is the part of the nodes' bill that the requests take up; the low end is zero, as nodes are paid
-- until one less is needed. R5: a manifest belongs to its repository, and the gate has no verb for it; too little
-- memory kills a pod, so look at its restarts before.
with workload as (
    select
        workload.*,
        if(workload.memory_max is null, null, greatest(workload.memory_max * $headroom, $least_gib)) as needed
    from marts.kubernetes_workload as workload
    where
        workload.state <> 'stopped'
        and workload.memory_request > $least_gib
        and not coalesce(list_contains(string_split(workload.scaled_by, ','), 'memory'), false)
)

select
    workload.source,
    'kubernetes' as cloud,
    workload.cluster as account,
    workload.region,
    workload.workload as resource_id,
    format('{:.0f} MiB', workload.memory_request * 1024) as before,
    coalesce(format('{:.0f} MiB', ceil(workload.needed * 1024)), 'less') as after,
    workload.currency,
    if(workload.currency is null, null, 0)::decimal(38, 18) as saving_month_low,
    (workload.memory_cost_month::double * (1 - workload.needed / workload.memory_request))::decimal(38, 18)
        as saving_month_high,
    coalesce(
        format(
            'asks for {:.0f} MiB, {:.0f} times; no replica used more than {:.0f} MiB in 14 days',
            workload.memory_request * 1024, workload.replicas, workload.memory_max * 1024
        ),
        format('asks for {:.0f} MiB', workload.memory_request * 1024)
    ) as reason,
    case
        when workload.memory_hours < $hours
            then format('memory of its pods in 80 % of the hours of 14 days, there are {} hours', workload.memory_hours)
        when workload.currency is null then 'what its nodes cost'
    end as missing
from workload
where workload.memory_hours < $hours or workload.needed < workload.memory_request * $kept
