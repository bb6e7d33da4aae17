-- title: Let registries of images forget old ones
-- kind: registry
-- verb: configure
-- risk: R5
-- harm: An old version can't be rolled back to once its image has been forgotten.
-- undo: Take the rule away; what it deleted has to be built again.
-- blind: Images that something still runs; layers that several images share, so it may save less.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.machine_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No rule expires images: AWS Trusted Advisor
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). The high end is the share of all
-- but the ten newest images, by their size, of the bill without traffic; the low end is zero, as images share layers
-- that stay as long as one needs them. R5: the gate has no verb for a setting, and what expires is gone.
select
    registry.source,
    registry.cloud,
    registry.account,
    registry.region,
    registry.resource_id,
    'every image stays' as before,
    'the newest images stay' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    (
        rate.cost_month
        * (
            1
            - try_cast(json_extract_string(registry.config, '$.newest_10_gib') as double)
            / nullif(registry.size_gib, 0)
        )
    )::decimal(38, 18) as saving_month_high,
    if(json_extract_string(registry.config, '$.lifecycle') is null, 'a registry', 'no rule expires its images')
    || coalesce(format(', {} of them', json_extract_string(registry.config, '$.images')), '')
    || coalesce(format(', {:.1f} GiB', registry.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(registry.config, '$.lifecycle') is null then 'whether a rule expires images'
        when json_extract_string(registry.config, '$.newest_10_gib') is null or registry.size_gib is null
            then 'how large its newest images are'
    end as missing
from marts.resource_now as registry
left join marts.machine_run_rate as rate
    on registry.cloud = rate.cloud and registry.resource_id = rate.resource_id
where
    registry.kind = 'registry'
    and coalesce(json_extract_string(registry.config, '$.lifecycle') = 'none', true)
    and coalesce(try_cast(json_extract_string(registry.config, '$.images') as integer) > 10, true)
