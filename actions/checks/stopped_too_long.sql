-- title: Delete machines that have been switched off for {days} days
-- kind: instance
-- verb: delete
-- risk: R3
-- param days: 30
-- param snapshot_gib_month: 0.05
-- blind: A machine that is started once a year; on AWS and Azure also a protection from deletion, at which the
-- blind: change fails and nothing is lost.
-- evidence: select part.resource_id, part.name, part.kind, part.sku, part.state, part.state_since, part.state_days,
-- evidence: part.size_gib, part.attached_to, part.config, rate.cost_month, rate.currency from marts.resource_now as
-- evidence: part left join marts.resource_run_rate as rate using (cloud, resource_id) where part.cloud = {cloud} and
-- evidence: part.account = {account} and (part.resource_id = {resource_id} or (part.attached_to = {resource_id} and
-- evidence: part.kind = 'disk' and json_extract_string(part.config, '$.boot') = 'true')) order by part.kind desc,
-- evidence: part.resource_id
--
-- 30 days: AWS Trusted Advisor (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html, EC2
-- instances stopped) and Azure Optimization Engine. What is saved is what goes with the machine: its own bill and its
-- system disks. Its other disks and its addresses stay and are findings of their own (volume_on_stopped_instance,
-- address_on_stopped_instance), so no money is counted twice. The low end gives away what the snapshot costs that is
-- taken first: at most the disks' size at 0.05 per GiB-month (https://aws.amazon.com/ebs/pricing/). Since when: AWS
-- and Google Cloud say it; Azure and libvirt don't, so there it counts from when it was first seen as it is now. Left
-- out are machines of a group or cluster, which makes and removes them itself, and those of Google Cloud that are
-- protected from deletion.
-- Machines that are billed while they are off belong to stopped_but_billed_instance.
-- Prices per GiB are in dollars, and nearly the same number in euros, pounds and francs; not in other currencies.
with machine as (
    select resource.*
    from marts.resource_now as resource
    where
        resource.kind = 'instance'
        and resource.state = 'stopped'
        and coalesce(resource.state_days >= $days, true)
        -- Of our own machines the host is what they are a member of.
        and (resource.member_of is null or resource.cloud = 'onprem')
        and coalesce(json_extract_string(resource.config, '$.termination_protection'), 'false') <> 'true'
),

part as (
    select
        machine.source,
        machine.cloud,
        machine.account,
        machine.resource_id,
        machine.resource_id as part_id,
        0 as size_gib
    from machine

    union all

    select
        machine.source,
        machine.cloud,
        machine.account,
        machine.resource_id,
        disk.resource_id as part_id,
        coalesce(disk.size_gib, 0) as size_gib
    from machine
    join marts.resource_now as disk
        on
            machine.source = disk.source
            and machine.cloud = disk.cloud
            and machine.account = disk.account
            and machine.resource_id = disk.attached_to
    where disk.kind = 'disk' and json_extract_string(disk.config, '$.boot') = 'true'
),

cost as (
    select
        part.source,
        part.cloud,
        part.account,
        part.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month,
        sum(
            case
                -- The price of a snapshot is known in dollars, and Azure keeps a machine's disks unless told otherwise.
                when rate.currency not in ('USD', 'EUR', 'GBP', 'CHF') or part.cloud = 'azure' then 0
                else rate.cost_month * (1 - coalesce(rate.commitment_share, 0)) - part.size_gib * $snapshot_gib_month
            end
        ) as low
    from part
    join marts.resource_run_rate as rate on part.cloud = rate.cloud and part.part_id = rate.resource_id
    group by all
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    machine.state as before,
    'absent' as after,
    cost.currency,
    greatest(cost.low, 0)::decimal(38, 18) as saving_month_low,
    cost.cost_month::decimal(38, 18) as saving_month_high,
    coalesce(
        format('switched off for {:.0f} days', floor(coalesce(machine.state_days, machine.unchanged_days))),
        'switched off'
    )
    || coalesce(
        format(', costs {:.2f} {} a month with its system disk', cost.cost_month::double, cost.currency), ''
    ) as reason,
    case
        when machine.state_days is null and coalesce(machine.unchanged_days < $days, true)
            then format(
                'since when it has been switched off; it has been watched for {:.0f} of {} days',
                floor(coalesce(machine.unchanged_days, 0)), $days
            )
    end as missing
from machine
left join cost using (source, cloud, account, resource_id)
