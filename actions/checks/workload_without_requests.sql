-- title: Say what workloads of Kubernetes ask for
-- kind: workload
-- verb: configure
-- risk: R5
-- about: capacity
-- param system: ^(kube-.*|.*-system|istio-.*|cert-manager|monitoring|ingress.*|gatekeeper.*|velero)$
-- blind: Requests that an admission controller or a LimitRange sets when a pod starts.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- A container without requests is placed as if it needed nothing, is the first to be evicted, and its cost can't be
-- told (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/); robusta-dev/krr says the same
-- (https://github.com/robusta-dev/krr). What to ask for, its measurements say once there are 14 days of them.
-- Namespaces of the cluster itself are left out.
select
    workload.source,
    workload.cloud,
    workload.account,
    workload.region,
    workload.resource_id,
    json_extract_string(workload.config, '$.containers_without_request') || ' containers without requests' as before,
    'requests for all containers' as after,
    format(
        '{} of {} containers ask for no CPU or no memory',
        json_extract_string(workload.config, '$.containers_without_request'),
        json_extract_string(workload.config, '$.containers')
    ) as reason,
    null::varchar as missing
from marts.resource_now as workload
where
    workload.kind = 'workload'
    and workload.cloud = 'kubernetes'
    and workload.state <> 'stopped'
    and try_cast(json_extract_string(workload.config, '$.containers_without_request') as integer) > 0
    and not regexp_matches(json_extract_string(workload.config, '$.namespace'), $system)
