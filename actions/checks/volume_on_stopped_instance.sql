-- title: Delete data disks of machines that have been switched off for {days} days
-- kind: disk
-- verb: delete
-- risk: R5
-- param days: 30
-- param snapshot_gib_month: 0.05
-- blind: That the data is wanted again.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.attached_to,
-- evidence: resource.size_gib, resource.config, resource.tags, machine.name as machine, machine.state as machine_state,
-- evidence: machine.state_since as machine_state_since, machine.state_days as machine_state_days,
-- evidence: machine.unchanged_days as machine_unchanged_days, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_now as machine on resource.source =
-- evidence: machine.source and resource.attached_to = machine.resource_id and machine.kind = 'instance' left join
-- evidence: marts.resource_run_rate as rate on resource.cloud = rate.cloud and resource.resource_id = rate.resource_id
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 30 days: AWS Trusted Advisor's stopped instances
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html); turbot's thrifty mods take any.
-- System disks are left out: they go with the machine (stopped_too_long). The low end gives away what a snapshot of the
-- whole disk costs at 0.05 per GiB-month (https://aws.amazon.com/ebs/pricing/). AWS and Google Cloud say since when a
-- machine is off; Azure and libvirt don't, so there it counts from when it was first seen as it is now. Disks that
-- several machines share are left out. R5: a disk has to be detached before it can be deleted, and the gate has no verb
-- for that.
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
    'on ' || coalesce(machine.name, machine.resource_id) || ', '
    || coalesce(
        format('switched off for {:.0f} days', floor(coalesce(machine.state_days, machine.unchanged_days))),
        'switched off'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when machine.state_days is null and coalesce(machine.unchanged_days < $days, true)
            then format(
                'since when its machine has been switched off; it has been watched for {:.0f} of {} days',
                floor(coalesce(machine.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as disk
join marts.resource_now as machine
    on
        disk.source = machine.source
        and disk.cloud = machine.cloud
        and disk.account = machine.account
        and disk.attached_to = machine.resource_id
left join marts.resource_run_rate as rate
    on disk.cloud = rate.cloud and disk.resource_id = rate.resource_id
where
    disk.kind = 'disk'
    and coalesce(json_extract_string(disk.config, '$.boot'), 'false') <> 'true'
    and json_extract_string(disk.config, '$.attachments') is null
    and machine.kind = 'instance'
    and machine.state = 'stopped'
    and coalesce(machine.state_days >= $days, true)
