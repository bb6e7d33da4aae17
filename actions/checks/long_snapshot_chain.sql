-- title: Thin out snapshots of disks that have more than {kept} of them
-- kind: snapshot
-- verb: delete
-- risk: R4
-- param kept: 30
-- param days: 30
-- blind: A policy that keeps more on purpose, and how many blocks a snapshot shares with others.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- More than 30 of one disk, and only those older than 30 days beyond the newest 30: our rule, from catalogue STO-13;
-- hystax/optscale judges chains on Alibaba Cloud by their last use. Daily snapshots that a policy keeps for a month
-- are left alone. Where snapshots are incremental, blocks that a later one needs stay billed, so the low end is zero.
-- What is older than 90 days `old_snapshot` finds, too; it counts once.
with snapshot as (
    select
        resource.*,
        -- Copies on AWS name no disk.
        nullif(coalesce(json_extract_string(resource.config, '$.source'), resource.attached_to), 'vol-ffffffff')
            as source_id,
        lower(coalesce(resource.tags, '')) as tag_text
    from marts.resource_now as resource
    where
        resource.kind = 'snapshot'
        and resource.created_at is not null
        and source_id is not null
),

counted as (
    select
        snapshot.*,
        -- What failed, or is not done yet, restores nothing.
        count(*) filter (where snapshot.state = 'completed') over chain as newer,
        count(*) over (
            partition by snapshot.source, snapshot.cloud, snapshot.account, snapshot.source_id
        ) as in_chain
    from snapshot
    window chain as (
        partition by snapshot.source, snapshot.cloud, snapshot.account, snapshot.source_id
        order by snapshot.created_at desc
        rows between unbounded preceding and 1 preceding
    )
),

-- Read by two sources: it goes only if both know enough newer ones.
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
    format(
        'one of {} snapshots of {}, {:.0f} days old, with {} newer',
        ranked.in_chain, ranked.source_id, floor(ranked.age_days), ranked.newer
    )
    || costs(rate.cost_month, rate.currency) as reason,
    null::varchar as missing
from ranked
left join marts.resource_run_rate as rate
    on ranked.cloud = rate.cloud and ranked.resource_id = rate.resource_id
where
    ranked.newer >= $kept
    and ranked.age_days >= $days
    and json_extract_string(ranked.config, '$.used_by_image') is null
    -- Whoever must keep it says so in a tag.
    and not regexp_matches(ranked.tag_text, 'legal[-_ ]?hold|retain|compliance')
