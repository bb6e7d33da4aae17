-- title: Scale workloads to zero that have done nothing for two weeks
-- kind: workload
-- verb: stop
-- risk: R5
-- param hours: 269
-- param idle_cores: 0.002
-- param system: ^(kube-.*|.*-system|istio-.*|cert-manager|monitoring|ingress.*|gatekeeper.*|velero)$
-- blind: Network traffic, which is not read: a proxy or a cache that waits looks the same. What runs less than once in
-- blind: 14 days, and standbys.
-- evidence: select workload.cluster, workload.cpu_max, workload.cpu_p95_max, workload.cpu_hours, workload.cpu_request,
-- evidence: workload.memory_request, workload.replicas, workload.cores_cost_month, workload.memory_cost_month,
-- evidence: workload.currency
-- evidence: from marts.kubernetes_workload as workload
-- evidence: where workload.cluster = {account} and workload.workload = {resource_id} and {cloud} = 'kubernetes'
--
-- No replica ever used more than 2 millicores in 14 days: our rule, from catalogue K8S-04; Kubecost looks at traffic
-- (https://docs.kubecost.com). 80 % of 14 days have to be measured. Left out: DaemonSets, which serve others, what an
-- autoscaler runs, and namespaces of the cluster itself. The high end is the part of the nodes' bill that its requests
-- take up; the low end is zero, as nodes are paid until one less is needed. R5: a manifest belongs to its repository,
-- and the gate has no verb for it.
select
    workload.source,
    'kubernetes' as cloud,
    workload.cluster as account,
    workload.region,
    workload.workload as resource_id,
    format('{:.0f} replicas', workload.replicas) as before,
    '0 replicas' as after,
    workload.currency,
    if(workload.currency is null, null, 0)::decimal(38, 18) as saving_month_low,
    workload.cores_cost_month + workload.memory_cost_month as saving_month_high,
    format(
        'in 14 days none of {:.0f} replicas used more than {:.1f}m of CPU', workload.replicas, workload.cpu_max * 1000
    ) as reason,
    if(workload.currency is null, 'what its nodes cost', null) as missing
from marts.kubernetes_workload as workload
where
    workload.state <> 'stopped'
    and workload.object <> 'daemonset'
    and workload.scaled_by is null
    and not regexp_matches(workload.namespace, $system)
    and workload.age_days >= 14
    and workload.cpu_hours >= $hours
    and workload.cpu_max <= $idle_cores
