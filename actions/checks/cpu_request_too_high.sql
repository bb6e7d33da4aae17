-- title: Let workloads ask for as much CPU as they use
-- kind: workload
-- verb: configure
-- risk: R5
-- param hours: 269
-- param headroom: 1.15
-- param least_cores: 0.01
-- param kept: 0.9
-- harm: Pods are packed closer: where a node gets busy, they get less CPU than before. They restart once.
-- undo: Set the request back; pods restart once more.
-- blind: Bursts that are shorter than what Prometheus samples, and start-ups that need more for a moment. That fewer
-- blind: requests save money only once a node less is needed.
-- evidence: select workload.cluster, workload.cpu_request, workload.cpu_p95_max, workload.cpu_max, workload.cpu_hours, workload.replicas,
-- evidence: workload.scaled_by, workload.cores_cost_month, workload.currency
-- evidence: from marts.kubernetes_workload as workload
-- evidence: where workload.cluster = {account} and workload.workload = {resource_id} and {cloud} = 'kubernetes'
--
-- p95 of the hourly maximum over 14 days and 15 % headroom, never below 10 millicores: krr's simple strategy
-- (https://github.com/robusta-dev/krr), which takes p95 of all samples without headroom; the headroom is the Vertical
-- Pod Autoscaler's (https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/flags.md). 80 % of
-- 14 days have to be measured. Left out, as krr does: what an autoscaler scales by CPU, whose target is a share of the
-- request. The high end is the part of the nodes' bill that the requests take up; the low end is zero, as nodes are
-- paid until one less is needed. R5: a manifest belongs to its repository, and the gate has no verb for it.
with workload as (
    select
        workload.*,
        if(workload.cpu_p95_max is null, null, greatest(workload.cpu_p95_max * $headroom, $least_cores)) as needed
    from marts.kubernetes_workload as workload
    where
        workload.state <> 'stopped'
        and workload.cpu_request > $least_cores
        and not coalesce(list_contains(string_split(workload.scaled_by, ','), 'cpu'), false)
)

select
    workload.source,
    'kubernetes' as cloud,
    workload.cluster as account,
    workload.region,
    workload.workload as resource_id,
    format('{:.0f}m CPU', workload.cpu_request * 1000) as before,
    coalesce(format('{:.0f}m CPU', ceil(workload.needed * 1000)), 'less') as after,
    workload.currency,
    if(workload.currency is null, null, 0)::decimal(38, 18) as saving_month_low,
    (workload.cores_cost_month::double * (1 - workload.needed / workload.cpu_request))::decimal(38, 18)
        as saving_month_high,
    coalesce(
        format(
            'asks for {:.0f}m of CPU, {:.0f} times; the busiest replica used {:.0f}m in 95 % of the hours of 14 days',
            workload.cpu_request * 1000, workload.replicas, workload.cpu_p95_max * 1000
        ),
        format('asks for {:.0f}m of CPU', workload.cpu_request * 1000)
    ) as reason,
    case
        when workload.cpu_hours < $hours
            then format('CPU of its pods in 80 % of the hours of 14 days, there are {} hours', workload.cpu_hours)
        when workload.currency is null then 'what its nodes cost'
    end as missing
from workload
where workload.cpu_hours < $hours or workload.needed < workload.cpu_request * $kept
