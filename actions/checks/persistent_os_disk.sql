-- title: Keep system disks of scale sets on their machines
-- kind: scaling_group
-- verb: configure
-- risk: R5
-- harm: What is written to the system disk is lost whenever a machine is replaced.
-- undo: Set the model of the scale set back; machines are replaced once more.
-- blind: Whether anything is kept on the system disk, that node pools of AKS have a setting of their own for it, and
-- blind: room in the cache of the size, where the disk would fit, too.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Azure Advisor advises ephemeral system disks for machines without state
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations); they cost nothing, and need a
-- local disk that is as large (https://learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks). Uniform scale
-- sets only, whose machines are made alike from one template; the high end is what their system disks are billed, the
-- low end zero, as something may be kept on them. R5: the template has to be changed, and the machines made anew.
with system_disk as (
    select
        machine.source,
        machine.member_of,
        max(disk.size_gib) as size_gib,
        count(*) as disks,
        rate.currency,
        sum(rate.cost_month) as cost_month
    from marts.resource_now as machine
    join marts.resource_now as disk
        on
            machine.source = disk.source
            and machine.resource_id = disk.attached_to
            and disk.kind = 'disk'
            and json_extract_string(disk.config, '$.boot') = 'true'
    left join marts.resource_run_rate as rate
        on disk.cloud = rate.cloud and disk.resource_id = rate.resource_id
    where machine.kind = 'instance' and machine.member_of is not null
    group by machine.source, machine.member_of, rate.currency
)

select
    fleet.source,
    fleet.cloud,
    fleet.account,
    fleet.region,
    fleet.resource_id,
    'system disks in the network' as before,
    'ephemeral system disks' as after,
    system_disk.currency,
    if(system_disk.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    system_disk.cost_month as saving_month_high,
    format('its {} machines start from disks in the network', system_disk.disks)
    || coalesce(
        format(', costs {:.2f} {} a month', system_disk.cost_month::double, system_disk.currency), ''
    ) as reason,
    case
        when offer.local_storage_gb is null
            then 'how large the local disk of ' || coalesce(fleet.sku, 'its machines') || ' is'
        when system_disk.size_gib is null then 'how large its system disks are'
    end as missing
from marts.resource_now as fleet
join system_disk on fleet.source = system_disk.source and fleet.resource_id = system_disk.member_of
left join marts.offer as offer on fleet.cloud = offer.cloud and fleet.sku = offer.instance_type
where
    fleet.kind = 'scaling_group'
    and json_extract_string(fleet.config, '$.ephemeral_os_disk') = 'false'
    and json_extract_string(fleet.config, '$.orchestration') = 'uniform'
    and coalesce(offer.local_storage_gb >= system_disk.size_gib * 1.073741824, true)
