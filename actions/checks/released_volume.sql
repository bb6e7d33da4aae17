-- title: Delete disks of Kubernetes volumes that no claim holds any more
-- kind: disk
-- verb: delete
-- risk: R3
-- param days: 7
-- param snapshot_gib_month: 0.05
-- blind: What is on it, and whether a claim for it is about to be made.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Released or available for 7 days: our rule, from catalogue K8S-09. A released volume keeps the data of a claim that
-- was deleted, and no other claim can take it
-- (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming); its disk is billed by the cloud
-- beneath, on whose bill the saving is, so the finding is about the disk. Since when, Kubernetes says from 1.31 on;
-- else it counts from when it was first seen as it is now. The snapshot that the delete leaves behind costs at most
-- 0.05 per GiB-month (https://aws.amazon.com/ebs/pricing/), which the low end gives away. Delete the volume in the
-- cluster, too. A disk that another volume holds for a claim, as after a move to another cluster, is left out.
with volume as (
    select
        volume.*,
        coalesce(volume.state_days, volume.unchanged_days) as days_free,
        json_extract_string(volume.config, '$.handle') as handle,
        json_extract_string(volume.config, '$.claim') as claim
    from marts.resource_now as volume
    where
        volume.kind = 'volume'
        and volume.cloud = 'kubernetes'
        and volume.state in ('released', 'available')
),

matched as (
    select
        volume.*,
        disk.* exclude (source, account, resource_id, state)
    from volume
    left join disk_of_volume() as disk using (source, account, resource_id)
    qualify
        row_number() over (
            partition by volume.source, volume.account, volume.resource_id order by disk.disk_source asc nulls last
        ) = 1
)

select
    coalesce(matched.disk_source, matched.source) as source,
    coalesce(matched.disk_cloud, matched.cloud) as cloud,
    coalesce(matched.disk_account, matched.account) as account,
    coalesce(matched.disk_region, matched.region) as region,
    coalesce(matched.disk_id, matched.resource_id) as resource_id,
    coalesce(matched.disk_state, matched.state) as before,
    'absent' as after,
    rate.currency,
    less_copy(rate.cost_month, rate.commitment_share, matched.size_gib, $snapshot_gib_month, rate.currency)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    format('the volume {} of the cluster {} is {}', matched.name, matched.account, matched.state)
    || coalesce(', its claim ' || matched.claim || ' is gone', '')
    || coalesce(format(', for {:.0f} days', floor(matched.days_free)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when matched.handle is null then 'which disk it is'
        when matched.disk_id is null then 'the disk ' || matched.handle || ': no source that is read has it'
        when coalesce(matched.days_free < $days, true)
            then format(
                'since when it has been {}; it has been watched for {:.0f} of {} days',
                matched.state, floor(coalesce(matched.days_free, 0)), $days
            )
    end as missing
from matched
left join marts.resource_run_rate as rate
    on matched.disk_cloud = rate.cloud and matched.disk_id = rate.resource_id
where
    matched.disk_attached_to is null
    and not exists (
        select 1
        from disk_of_volume() as held
        where held.state = 'bound' and matched.disk_cloud = held.disk_cloud and matched.disk_id = held.disk_id
    )
    and coalesce(matched.state_days >= $days, true)
