-- title: Delete scaling groups that have been empty for {days} days
-- kind: scaling_group
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- blind: Groups that an autoscaler fills for a rare job.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Nothing runs and nothing is asked for, for 30 days: Cloud Custodian's examples
-- (https://cloudcustodian.io/docs/aws/examples/). An empty group costs nothing, so no saving is claimed; what it starts by
-- mistake would. It counts from when the group was first seen as it is now. Groups of Kubernetes clusters, which scale
-- to zero and back, and on Google Cloud those with an autoscaler are left out.
select
    fleet.source,
    fleet.cloud,
    fleet.account,
    fleet.region,
    fleet.resource_id,
    'empty' as before,
    'absent' as after,
    format('nothing runs and nothing is asked for, for {:.0f} days', floor(coalesce(fleet.unchanged_days, 0)))
        as reason,
    if(
        coalesce(fleet.unchanged_days < $days, true),
        format(
            'since when it is empty; it has been watched for {:.0f} of {} days',
            floor(coalesce(fleet.unchanged_days, 0)), $days
        ),
        null
    ) as missing
from marts.resource_now as fleet
where
    fleet.kind = 'scaling_group'
    and fleet.member_of is null
    and json_extract_string(fleet.config, '$.desired') = '0'
    and coalesce(json_extract_string(fleet.config, '$.instances') = '0', true)
    and coalesce(json_extract_string(fleet.config, '$.min') = '0', true)
    and not exists (
        select 1
        from marts.resource_now as scaler
        where
            scaler.kind = 'autoscaler'
            and fleet.source = scaler.source
            and fleet.cloud = scaler.cloud
            and fleet.resource_id = scaler.attached_to
    )
