-- title: Delete disks that no instance has used for {days} days
-- kind: disk
-- verb: delete
-- risk: R3
-- param days: 30
-- param snapshot_gib_month: 0.05
-- blind: What is on the disk, and whether an automation attaches it now and then for less than a day.
-- evidence: select resource.resource_id, resource.name, resource.state, resource.state_since, resource.state_days,
-- evidence: resource.attached_to, resource.size_gib, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 30 days: Azure Advisor (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations) and the
-- mark-then-act time of Cloud Custodian's examples. The 30 days already passed are the grace period of R3. AWS,
-- DigitalOcean and libvirt do not say since when: it counts from when the disk was first seen as it is now. The
-- snapshot that the delete leaves behind costs at most its full size at the list price of a standard snapshot, 0.05
-- per GiB-month (https://aws.amazon.com/ebs/pricing/); that is what the low end of the range gives away. Left out are
-- disks that a claim of a Kubernetes cluster holds: it waits for a workload that is scaled to zero.
select
    disk.source,
    disk.cloud,
    disk.account,
    disk.region,
    disk.resource_id,
    disk.state as before,
    'absent' as after,
    rate.currency,
    less_copy(rate.cost_month, rate.commitment_share, disk.size_gib, $snapshot_gib_month, rate.currency)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        coalesce(disk.state_days, disk.unchanged_days) is null,
        'attached to nothing',
        format('attached to nothing for {:.0f} days', floor(coalesce(disk.state_days, disk.unchanged_days)))
    )
    || coalesce(format(', {:.0f} GiB', disk.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when disk.state_days is null and coalesce(disk.unchanged_days < $days, true)
            then 'since when it has been unattached'
    end as missing
from marts.resource_now as disk
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    disk.kind = 'disk'
    and disk.state = 'available'
    and disk.attached_to is null
    and coalesce(disk.state_days >= $days, disk.age_days >= $days)
    and not exists (
        select 1
        from disk_of_volume() as held
        where held.state = 'bound' and disk.cloud = held.disk_cloud and disk.resource_id = held.disk_id
    )
