-- title: Delete firewall rules that no machine is a target of
-- kind: security_group
-- verb: review
-- risk: R0
-- about: security
-- param days: 30
-- blind: Templates whose machines are not there yet, and shared networks, whose machines are in other projects.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Rules that refer to what is not there: Azure Optimization Engine (https://github.com/microsoft/finops-toolkit,
-- src/optimization-engine); 30 days: our rule. On Google Cloud a rule with target tags holds for machines that carry
-- one of them (https://cloud.google.com/firewall/docs/firewalls#rule_assignment). It does nothing today, and opens a
-- door for the next machine that gets the tag. Machines of the same project are looked at.
with tagged as (
    select distinct
        machine.source,
        machine.account,
        unnest(string_split(json_extract_string(machine.config, '$.network_tags'), ' ')) as tag
    from raw.resource as machine
    where
        machine.kind = 'instance'
        and json_extract_string(machine.config, '$.network_tags') is not null
        and coalesce(machine.valid_to > getvariable('as_of') - to_days($days::integer), true)
),

wanted as (
    select
        rule.*,
        unnest(string_split(json_extract_string(rule.config, '$.target_tags'), ' ')) as tag
    from marts.resource_now as rule
    where
        rule.kind = 'security_group'
        and rule.state = 'active'
        and json_extract_string(rule.config, '$.target_tags') is not null
),

known as (
    select distinct
        machine.source,
        machine.account
    from raw.resource as machine
    where machine.kind = 'instance'
),

judged as (
    select
        wanted.source,
        wanted.cloud,
        wanted.account,
        wanted.region,
        wanted.resource_id,
        string_agg(wanted.tag, ', ' order by wanted.tag) as tags,
        date_diff('second', any_value(wanted.first_seen_at), getvariable('as_of')) / 86400 as days_watched
    from wanted
    left join tagged using (source, account, tag)
    group by all
    having count(tagged.tag) = 0
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    'for machines with ' || judged.tags as before,
    'absent' as after,
    format('no machine had the tag {} in {} days', judged.tags, $days) as reason,
    case
        when known.account is null then 'which machines there are: none of the account is known'
        when judged.days_watched < $days
            then format(
                'since when no machine has had the tag; it has been watched for {:.0f} of {} days',
                floor(judged.days_watched), $days
            )
    end as missing
from judged
left join known on judged.source = known.source and judged.account = known.account
