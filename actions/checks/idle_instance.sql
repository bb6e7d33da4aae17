-- title: Stop machines that have done nothing for {days} days
-- kind: instance
-- verb: stop
-- risk: R2
-- param days: 14
-- param cpu_percent: 5.0
-- param cpu_vcpus: 0.03
-- param network_bytes_s: 1000.0
-- param billed_until_deleted: digitalocean
-- blind: Work that needs neither CPU nor network, such as a licence server or a warm standby, and what runs less than
-- blind: once in 14 days.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p97_max, metric.max, rate.cost_month, rate.currency from
-- evidence: marts.metric_quantiles as metric left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where metric.cloud = {cloud} and metric.account = {account} and metric.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- CPU below 5 % (AWS Compute Optimizer,
-- https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html) or below 0.03 vCPU
-- (https://cloud.google.com/compute/docs/instances/idle-vm-recommendations-overview) in 97 % of the hours, network in
-- and out below 1,000 B/s in 95 % of them: quantiles of the hourly maximum, so daily peaks count. Azure gives no
-- hourly maximum of traffic, so there a machine with an idle CPU is insufficient_data. A stopped DigitalOcean droplet
-- is billed on, so there the way is a snapshot and a delete, R3. AWS stops Spot machines only of requests that persist
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/stop-spot-instances.html), so those are ended by hand, R5.
with machine as (
    select
        resource.*,
        resource.cloud = 'aws' and coalesce(json_extract_string(resource.config, '$.lifecycle') = 'spot', false)
            as is_spot
    from marts.resource_now as resource
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    if(machine.is_spot or machine.cloud = $billed_until_deleted, 'delete', 'stop') as verb,
    machine.state as before,
    if(machine.is_spot or machine.cloud = $billed_until_deleted, 'absent', 'stopped') as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    case
        when machine.is_spot then 'R5'
        when machine.cloud = $billed_until_deleted then 'R3'
        -- What is on local disks is lost when the machine stops.
        when
            exists (
                select 1
                from marts.offer as offer
                where
                    machine.cloud in ('aws', 'gcp')
                    and machine.cloud = offer.cloud
                    and machine.sku = offer.instance_type
                    and offer.local_storage_gb > 0
            )
            then 'R5'
        else 'R2'
    end as risk,
    coalesce(
        format(
            'in {} days CPU stayed below {:.1f} % in 97 % of the hours and network below {:.0f} B/s in 95 % of them',
            $days, cpu.p97_max, network.p95_max
        ),
        'running'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(
        cpu.missing, network.missing,
        if(network.p95_max is null, 'hourly maxima of network traffic, which this cloud does not give', null)
    ) as missing
from machine
join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
join evidence_of('network_bytes_s', $days) as network using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where
    machine.kind = 'instance'
    and machine.state = 'running'
    -- A scaling group starts another in its place. Of our own machines the host is what they are a member of.
    and (machine.member_of is null or machine.cloud = 'onprem')
    and (
        coalesce(cpu.missing, network.missing) is not null
        or (
            (cpu.p97_max < $cpu_percent or cpu.p97_max / 100 * machine.vcpus < $cpu_vcpus)
            and coalesce(network.p95_max < $network_bytes_s, true)
        )
    )
