-- title: Stop machines whose owners said that they would be gone by now
-- kind: instance
-- verb: stop
-- risk: R5
-- param tag: ^(ttl|expires?|expires?[-_ ]?(on|at|after)|expiry([-_ ]?date)?|delete[-_ ]?(on|after|by)|end[-_ ]?date)$
-- blind: That the plan changed and the tag did not: ask its owner first.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.created_at,
-- evidence: resource.age_days, resource.config, resource.tags, rate.cost_month, rate.currency from marts.resource_now
-- evidence: as resource left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.resource_id = {resource_id}
--
-- A tag that names a day (2026-10-31, or a time of it) that has passed: from catalogue OPS-10, the idea of
-- hystax/optscale's TTL constraints (https://github.com/hystax/optscale) and of Cloud Custodian's mark-for-op. Spans
-- such as `14d` count from when the machine was created, if the cloud says so. The saving is what the machine costs;
-- its disks and addresses are billed on. A stopped DigitalOcean droplet is billed on, so there it is a delete. R5: the
-- tag is a word, not a measurement. Any cloud; machines of a group or cluster are left out, which starts others in
-- their place.
with tag as (
    select
        machine.source,
        machine.cloud,
        machine.account,
        machine.resource_id,
        entry.key as name,
        trim(both '"' from entry.value::varchar) as told
    from marts.resource_now as machine
    cross join json_each(machine.tags::json) as entry
    where
        machine.kind = 'instance'
        and machine.state = 'running'
        -- A scaling group starts another in its place. Of our own machines the host is what they are a member of.
        and (machine.member_of is null or machine.cloud = 'onprem')
        and machine.tags is not null
        and json_valid(machine.tags)
        and regexp_matches(lower(entry.key), $tag)
),

ends as (
    select
        tag.source,
        tag.cloud,
        tag.account,
        tag.resource_id,
        tag.name,
        tag.told,
        coalesce(
            try_cast(left(tag.told, 10) as date),
            case
                when machine.created_at is not null and regexp_matches(tag.told, '^[0-9]{1,4} ?d(ays?)?$')
                    then machine.created_at::date + regexp_extract(tag.told, '^([0-9]+)', 1)::integer
            end
        ) as ends_on
    from tag
    join marts.resource_now as machine
        on
            tag.source = machine.source
            and tag.cloud = machine.cloud
            and tag.account = machine.account
            and tag.resource_id = machine.resource_id
            and machine.kind = 'instance'
    qualify row_number() over (
        partition by tag.source, tag.cloud, tag.account, tag.resource_id order by ends_on asc nulls last, tag.name asc
    ) = 1
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    if(machine.cloud = 'digitalocean', 'delete', 'stop') as verb,
    machine.state as before,
    if(machine.cloud = 'digitalocean', 'absent', 'stopped') as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    format(
        'tag {} says {}, {} days ago', ends.name, ends.told,
        date_diff('day', ends.ends_on, getvariable('as_of')::date)
    )
    || costs(rate.cost_month, rate.currency) as reason
from ends
join marts.resource_now as machine
    on
        ends.source = machine.source
        and ends.cloud = machine.cloud
        and ends.account = machine.account
        and ends.resource_id = machine.resource_id
        and machine.kind = 'instance'
left join marts.resource_run_rate as rate on ends.cloud = rate.cloud and ends.resource_id = rate.resource_id
where ends.ends_on < getvariable('as_of')::date
