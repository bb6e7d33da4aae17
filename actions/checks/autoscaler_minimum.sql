-- title: Lower the minimum of autoscalers that never need it
-- kind: hpa
-- verb: configure
-- risk: R5
-- money: share
-- param days: 14
-- param hours: 269
-- param at_minimum: 0.95
-- param busy_share: 0.3
-- param wanted_share: 0.6
-- harm: A failure or a sudden peak finds fewer replicas, and waits until new ones have started.
-- undo: Raise the minimum again; replicas come within a minute or two.
-- blind: Replicas that are kept for failures of a zone, and what else than CPU the autoscaler looks at.
-- evidence: select autoscaler.config, workload.cpu_request, workload.cpu_p95_max, workload.cpu_hours,
-- evidence: workload.cores_cost_month, workload.memory_cost_month, workload.currency
-- evidence: from marts.resource_now as autoscaler left join marts.kubernetes_workload as workload
-- evidence: on autoscaler.source = workload.source and autoscaler.account = workload.cluster
-- evidence: and autoscaler.attached_to = workload.workload
-- evidence: where autoscaler.cloud = {cloud} and autoscaler.account = {account}
-- evidence: and autoscaler.resource_id = {resource_id}
--
-- At the minimum that it has now in 95 % of 14 days, and p95 of the hourly CPU maximum below 30 % of the request, the
-- share that autoscalers go by (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/): our rule,
-- from catalogue K8S-11. The new minimum is what would use 60 % of the requests, and two at least. The high end is the
-- part of the nodes' bill that the replicas take up which go; the low end is zero, as nodes are paid until one less is
-- needed. R5: a manifest belongs to its repository, and the gate has no verb for it.
with look as (
    select
        resource.source,
        resource.account,
        resource.resource_id,
        greatest(resource.valid_from, getvariable('as_of') - to_days($days::integer)) as begins_at,
        coalesce(resource.valid_to, getvariable('as_of')) as ends_at,
        -- With another minimum than now it ran, and cost, something else.
        json_extract_string(resource.config, '$.minimum') = json_extract_string(autoscaler.config, '$.minimum')
        and json_extract_string(resource.config, '$.replicas')::integer
        <= json_extract_string(resource.config, '$.minimum')::integer as is_at_minimum
    from raw.resource as resource
    join marts.resource_now as autoscaler using (source, cloud, account, kind, resource_id)
    where
        resource.kind = 'hpa'
        and resource.cloud = 'kubernetes'
        and coalesce(resource.valid_to > getvariable('as_of') - to_days($days::integer), true)
),

watched as (
    select
        look.source,
        look.account,
        look.resource_id,
        sum(date_diff('second', look.begins_at, look.ends_at)) / 86400 as days,
        coalesce(
            sum(date_diff('second', look.begins_at, look.ends_at)) filter (where look.is_at_minimum), 0
        ) / 86400 as days_at_minimum
    from look
    group by all
),

scaled as (
    select
        autoscaler.source,
        autoscaler.account,
        autoscaler.region,
        autoscaler.resource_id,
        json_extract_string(autoscaler.config, '$.minimum')::integer as minimum,
        watched.days,
        watched.days_at_minimum,
        workload.cpu_p95_max / workload.cpu_request as busy,
        workload.cpu_hours,
        workload.currency,
        (workload.cores_cost_month + workload.memory_cost_month)::double as cost_month,
        if(busy is null, null, greatest(ceil(round(minimum * busy / $wanted_share, 6)), 2))::integer as needed
    from marts.resource_now as autoscaler
    join watched using (source, account, resource_id)
    join marts.kubernetes_workload as workload
        on
            autoscaler.source = workload.source
            and autoscaler.account = workload.cluster
            and autoscaler.attached_to = workload.workload
    where autoscaler.kind = 'hpa' and autoscaler.cloud = 'kubernetes' and workload.cpu_request > 0
)

select
    scaled.source,
    'kubernetes' as cloud,
    scaled.account,
    scaled.region,
    scaled.resource_id,
    format('at least {} replicas', scaled.minimum) as before,
    coalesce(format('at least {} replicas', scaled.needed), 'fewer replicas') as after,
    scaled.currency,
    if(scaled.currency is null, null, 0)::decimal(38, 18) as saving_month_low,
    (scaled.cost_month * (1 - scaled.needed / scaled.minimum))::decimal(38, 18) as saving_month_high,
    coalesce(
        format(
            'at its minimum of {} for {:.0f} % of the time; CPU was below {:.0f} % of the request in 95 % of the hours',
            scaled.minimum, 100 * scaled.days_at_minimum / scaled.days, 100 * scaled.busy
        ),
        format('at its minimum of {}', scaled.minimum)
    ) as reason,
    case
        when scaled.days < $days * 0.99
            then format('how many replicas it had in {} days, {:.0f} are known', $days, scaled.days)
        when scaled.cpu_hours < $hours
            then format('CPU of its pods in 80 % of the hours of 14 days, there are {} hours', scaled.cpu_hours)
        when scaled.currency is null then 'what its nodes cost'
    end as missing
from scaled
where
    scaled.minimum > 2
    and scaled.days_at_minimum >= $at_minimum * scaled.days
    and (scaled.cpu_hours < $hours or (scaled.busy < $busy_share and scaled.needed < scaled.minimum))
