-- title: Delete registries whose images nobody has pulled for {days} days
-- kind: registry
-- verb: delete
-- risk: R4
-- param days: 90
-- blind: A machine that still runs an image and pulls it only when it is replaced.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No push and no pull in 90 days: turbot's thrifty mods for images of ECR
-- (https://hub.steampipe.io/mods/turbot/aws_thrifty), here of a whole repository. The month of the last use is known, so
-- it counts from the end of that month. R4, as images that are deleted are gone. No cloud lets the gate delete one yet,
-- so a plan with it is refused: it is made by hand.
select
    registry.source,
    registry.cloud,
    registry.account,
    registry.region,
    registry.resource_id,
    registry.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    coalesce('last used in ' || json_extract_string(registry.config, '$.last_used'), 'a registry')
    || coalesce(format(', {:.1f} GiB', registry.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    if(json_extract_string(registry.config, '$.last_used') is null, 'when its images were last pulled', null) as missing
from marts.resource_now as registry
left join marts.resource_run_rate as rate
    on registry.cloud = rate.cloud and registry.resource_id = rate.resource_id
where
    registry.kind = 'registry'
    and coalesce(json_extract_string(registry.config, '$.images') <> '0', true)
    and coalesce(
        last_day(try_cast(json_extract_string(registry.config, '$.last_used') || '-01' as date))
        < getvariable('as_of') - to_days($days::integer),
        true
    )
