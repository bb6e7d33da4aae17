-- title: Delete snapshots of disks that no longer exist
-- kind: snapshot
-- verb: delete
-- risk: R4
-- param days: 30
-- blind: That somebody keeps it as an archive without a tag that says so.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- The disk is gone and no image needs the snapshot: hystax/optscale (obsolete_snapshots.py), which waits 3 days; 30
-- days here, as such a snapshot may be all that is left of the data. Whether the disk is gone is known only where
-- disks of its account are read: a copy on AWS (vol-ffffffff,
-- https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html), a disk of another subscription or project,
-- and an account without any disk are told as missing. Left out: what an image needs (only AWS says it), legal holds,
-- and the backups that the gate itself took before a delete. Where several snapshots of the disk are left the low end
-- is zero, since blocks that another one needs stay billed.
with snapshot as (
    select
        resource.*,
        coalesce(json_extract_string(resource.config, '$.source'), resource.attached_to) as source_id,
        count(*) over (
            partition by
                resource.source,
                resource.cloud,
                resource.account,
                coalesce(json_extract_string(resource.config, '$.source'), resource.attached_to)
        ) as siblings
    from marts.resource_now as resource
    where resource.kind = 'snapshot'
),

judged as (
    select
        snapshot.*,
        case
            when snapshot.age_days is null then 'when it was created'
            when snapshot.source_id is null then 'which disk it is of'
            when snapshot.cloud = 'aws' and snapshot.source_id = 'vol-ffffffff'
                then 'which disk it is of: a copy does not say it'
            when
                (snapshot.cloud = 'azure' and not contains(snapshot.source_id, '/' || snapshot.account || '/'))
                or (snapshot.cloud = 'gcp' and not contains(snapshot.source_id, '/' || snapshot.account || '/'))
                then 'whether its disk still exists: it belongs to another account'
            when snapshot.cloud = 'azure' and not contains(lower(snapshot.source_id), '/disks/')
                then 'which disk it is of: it was made of something else'
            when
                not exists (
                    select 1
                    from marts.resource_now as other
                    where
                        other.kind = 'disk'
                        and snapshot.source = other.source
                        and snapshot.cloud = other.cloud
                        and snapshot.account = other.account
                        -- Snapshots of Google Cloud and Azure may lie elsewhere than their disk.
                        and (snapshot.cloud not in ('aws', 'digitalocean') or snapshot.region = other.region)
                )
                then 'whether its disk still exists: no disk of the account is known there'
        end as lacks
    from snapshot
    where
        coalesce(snapshot.age_days >= $days, true)
        and json_extract_string(snapshot.config, '$.used_by_image') is null
        and json_extract_string(snapshot.config, '$.made_by') is distinct from 'instance-select'
        and not regexp_matches(lower(coalesce(snapshot.tags, '')), 'legal[-_ ]?hold|retain|compliance')
        and not exists (
            select 1
            from marts.resource_now as owner
            where
                owner.kind in ('disk', 'instance', 'database', 'snapshot', 'image')
                and snapshot.source = owner.source
                and snapshot.cloud = owner.cloud
                and snapshot.source_id = owner.resource_id
        )
        -- A disk that went lately may have gone by mistake.
        and not exists (
            select 1
            from raw.resource as gone
            where
                snapshot.source = gone.source
                and snapshot.cloud = gone.cloud
                and snapshot.source_id = gone.resource_id
                and gone.valid_to > getvariable('as_of') - to_days($days::integer)
        )
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'absent' as after,
    rate.currency,
    (rate.cost_month * if(judged.siblings = 1, 1 - coalesce(rate.commitment_share, 0), 0))::decimal(38, 18)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    if(judged.lacks is null, judged.source_id || ' is gone, ', '')
    || coalesce(format('{:.0f} days old', floor(judged.age_days)), 'of unknown age')
    || costs(rate.cost_month, rate.currency) as reason,
    judged.lacks as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
