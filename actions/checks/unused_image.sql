-- title: Delete machine images that nothing has been started from for {days} days
-- kind: image
-- verb: delete
-- risk: R4
-- param days: 90
-- blind: Launch templates, which are not read, and accounts that the image is shared with.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days and in no template: the default of the catalogue (hystax/optscale, obsolete_images.py, takes 7 days; Cloud
-- Custodian 120). Only AWS says when an image was last launched
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-last-launched-time.html); elsewhere, and where AWS is
-- silent, the row says so. An image costs through its snapshots, which AWS names; where it has a bill of its own, that
-- counts. Left out are images that an instance runs on, public ones, and those named golden (the engine). Launch
-- templates are not read: where the account has a scaling group in the region, one of them may still need the image,
-- so the row says that. R4: a deregistered image does not come back, and the low end is zero, as snapshots share
-- blocks.
with image as (
    select
        resource.*,
        try_cast(json_extract_string(resource.config, '$.last_launched') as timestamp) as launched_at
    from marts.resource_now as resource
    where
        resource.kind = 'image'
        and coalesce(resource.age_days >= $days, true)
        and coalesce(json_extract_string(resource.config, '$.public'), 'false') <> 'true'
        and not exists (
            select 1
            from marts.resource_now as machine
            where
                machine.kind = 'instance'
                and resource.cloud = machine.cloud
                and json_extract_string(machine.config, '$.image') = resource.resource_id
        )
),

cost as (
    select
        image.source,
        image.cloud,
        image.account,
        image.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month
    from image
    left join marts.resource_now as snapshot
        on
            snapshot.kind = 'snapshot'
            and image.source = snapshot.source
            and image.cloud = snapshot.cloud
            and image.account = snapshot.account
            and json_extract_string(snapshot.config, '$.used_by_image') = image.resource_id
    join marts.resource_run_rate as rate
        on image.cloud = rate.cloud and rate.resource_id = coalesce(snapshot.resource_id, image.resource_id)
    group by all
)

select
    image.source,
    image.cloud,
    image.account,
    image.region,
    image.resource_id,
    image.state as before,
    'absent' as after,
    cost.currency,
    if(cost.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    cost.cost_month::decimal(38, 18) as saving_month_high,
    coalesce('last started from on ' || strftime(image.launched_at, '%Y-%m-%d'), 'an image')
    || costs(cost.cost_month, cost.currency) as reason,
    case
        when image.age_days is null then 'when it was created'
        when image.launched_at is null then 'when something was last started from it'
        when
            exists (
                select 1
                from marts.resource_now as scaling
                where
                    scaling.kind = 'scaling_group'
                    and image.cloud = scaling.cloud
                    and image.account = scaling.account
                    and image.region = scaling.region
            )
            then 'whether the template of a scaling group needs it'
    end as missing
from image
left join cost using (source, cloud, account, resource_id)
where coalesce(image.launched_at <= getvariable('as_of') - to_days($days::integer), true)
