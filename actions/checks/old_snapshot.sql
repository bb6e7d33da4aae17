-- title: Delete snapshots older than {days} days that have a newer one beside them
-- kind: snapshot
-- verb: delete
-- risk: R4
-- param days: 90
-- blind: How many blocks a snapshot shares with newer ones, and a duty to keep it that no tag tells.
-- evidence: select resource.resource_id, resource.name, resource.created_at, resource.age_days, resource.size_gib,
-- evidence: resource.config, resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days: turbot's thrifty mods (ebs_snapshot_max_age, compute_snapshot_age_max_days). Age alone proves nothing: a
-- snapshot goes only if a newer one of the same disk stays, so the latest restore point is never offered, not even of
-- a disk that is gone. One that failed, or is not done yet, restores nothing and does not count. Copies on AWS name no
-- disk (vol-ffffffff, https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html), so the row says so. The
-- saving is an upper bound: where snapshots are incremental, blocks that a later one needs stay billed; nothing says
-- how many, so the low end is zero.
with snapshot as (
    select
        resource.*,
        nullif(coalesce(json_extract_string(resource.config, '$.source'), resource.attached_to), 'vol-ffffffff')
            as source_id,
        json_extract_string(resource.config, '$.used_by_image') as used_by_image,
        lower(coalesce(resource.tags, '')) as tag_text
    from marts.resource_now as resource
    where resource.kind = 'snapshot'
),

counted as (
    select
        snapshot.*,
        count(*) filter (where snapshot.state = 'completed') over (
            partition by snapshot.source, snapshot.cloud, snapshot.account, snapshot.source_id
            order by snapshot.created_at desc
            rows between unbounded preceding and 1 preceding
        ) as newer
    from snapshot
),

-- Read by two sources: it goes only if both know a newer one.
ranked as (
    select counted.*
    from counted
    qualify row_number() over (
        partition by counted.cloud, counted.account, counted.resource_id
        order by counted.newer asc, counted.source asc
    ) = 1
)

select
    ranked.source,
    ranked.cloud,
    ranked.account,
    ranked.region,
    ranked.resource_id,
    ranked.state as before,
    'absent' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    case
        when ranked.age_days is null then 'of unknown age'
        when ranked.source_id is null then format('{:.0f} days old', floor(ranked.age_days))
        else
            format(
                '{:.0f} days old, with {} newer of {}', floor(ranked.age_days), ranked.newer, ranked.source_id
            )
    end
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when ranked.age_days is null then 'when it was created'
        when ranked.source_id is null then 'which disk it is of, to know whether it is the latest restore point'
    end as missing
from ranked
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    coalesce(ranked.age_days >= $days, true)
    and (ranked.source_id is null or ranked.newer > 0)
    and ranked.used_by_image is null
    -- Whoever must keep it says so in a tag.
    and not regexp_matches(ranked.tag_text, 'legal[-_ ]?hold|retain|compliance')
