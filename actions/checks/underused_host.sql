-- title: Use hosts of your own that are mostly idle, or have fewer
-- kind: host
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param cpu_percent: 40.0
-- param memory_percent: 50.0
-- param given_per_cpu: 4.0
-- blind: Room that is kept for the machines of a host that fails.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- CPU below 40 % at p95 of the hourly maximum, and memory below 50 % or more than 4 vCPUs given for each of the
-- host's: our rule, from catalogue CMP-26. The hypervisors' own guidance is to watch such ratios
-- (https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/9/html/configuring_and_managing_virtualization).
-- A host is paid until it is switched off, so no saving is claimed. Read by libvirt, measured by Prometheus with
-- node_exporter.
with given as (
    select
        machine.source,
        machine.account,
        machine.member_of,
        count(*) as machines,
        sum(machine.vcpus) as vcpus,
        count(*) = count(machine.vcpus) as is_known
    from marts.resource_now as machine
    where machine.kind = 'instance' and machine.state = 'running'
    group by all
),

measured as (
    select
        host.*,
        coalesce(cpu.missing, memory.missing) as lacks,
        cpu.p95_max as cpu_p95,
        memory.p99_max as memory_p99,
        coalesce(given.machines, 0) as machines,
        if(given.is_known, given.vcpus, null) as vcpus_given,
        try_cast(json_extract_string(host.config, '$.vcpus') as double) as host_vcpus
    from marts.resource_now as host
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
    left join given
        on
            host.source = given.source
            and host.account = given.account
            and host.resource_id = given.member_of
    where host.kind = 'host'
)

select
    measured.source,
    measured.cloud,
    measured.account,
    measured.region,
    measured.resource_id,
    measured.machines || if(measured.machines = 1, ' machine', ' machines') as before,
    if(measured.vcpus_given > $given_per_cpu * measured.host_vcpus, 'fewer vCPUs each', 'more machines, or fewer hosts')
        as after,
    if(
        measured.lacks is null,
        format(
            'in {} days CPU below {:.0f} % in 95 % of the hours, memory at most {:.0f} % in 99 %',
            $days, measured.cpu_p95, measured.memory_p99
        ),
        'a host'
    )
    || coalesce(
        format(
            '; {} given {:.0f} vCPUs of its {:.0f}',
            before || if(measured.machines = 1, ' is', ' are'), measured.vcpus_given, measured.host_vcpus
        ),
        ''
    ) as reason,
    measured.lacks as missing
from measured
where
    measured.lacks is not null
    or (
        measured.cpu_p95 < $cpu_percent
        and (
            measured.memory_p99 < $memory_percent
            or coalesce(measured.vcpus_given > $given_per_cpu * measured.host_vcpus, false)
        )
    )
