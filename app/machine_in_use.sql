-- One row per running machine of that id, name or cloud/account/id: what it is, what it used at its peaks.
-- Null = not measured well enough.
-- Evidence as the checks want it: 80 % of the hours of 14 days, of 32 days too where those were measured.
with used as (
    select
        metric.cloud,
        metric.account,
        metric.resource_id,
        max(metric.p99_max) filter (where metric.metric = 'cpu_percent') as cpu_p99,
        max(metric.max) filter (where metric.metric = 'memory_percent') as memory_max,
        max(metric.p99_max) filter (where metric.metric = 'network_bytes_s') as network_p99
    from marts.metric_quantiles as metric
    where metric.coverage >= 0.8 and metric.hours_measured >= 30
    group by all
)

select
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    machine.name,
    machine.sku as instance_type,
    coalesce(json_extract_string(machine.config, '$.os'), 'linux') as os,
    replace(offer.arch, 'i386,', '') as arch,
    offer.vcpus,
    offer.memory_gib,
    offer.gpu_count,
    offer.gpu_model,
    offer.local_storage_gb,
    offer.network_gbps,
    offer.burstable,
    used.cpu_p99,
    used.memory_max,
    used.network_p99,
    rate.currency,
    rate.cost_month
from marts.resource_now as machine
left join marts.offer as offer on machine.cloud = offer.cloud and machine.sku = offer.instance_type
left join used
    on machine.cloud = used.cloud and machine.account = used.account and machine.resource_id = used.resource_id
left join marts.resource_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where
    machine.kind = 'instance'
    and $wanted in (
        machine.resource_id, machine.name, concat_ws('/', machine.cloud, machine.account, machine.resource_id)
    )
order by machine.cloud, machine.account, machine.resource_id
