-- title: Delete security groups that guard nothing
-- kind: security_group
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- blind: A group that a template attaches to machines which are not there yet.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No interface and no subnet: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit); 30 days:
-- Azure Advisor's time for what is unattached. It costs nothing, but whoever attaches it by mistake opens what it
-- opens. Read on Azure. It counts from when it was first seen as it is now.
select
    rules.source,
    rules.cloud,
    rules.account,
    rules.region,
    rules.resource_id,
    rules.state as before,
    'absent' as after,
    'guards no interface and no subnet'
    || coalesce(format(', watched for {:.0f} days', floor(rules.unchanged_days)), '') as reason,
    case
        when coalesce(rules.unchanged_days < $days, true)
            then format(
                'since when it has guarded nothing; it has been watched for {:.0f} of {} days',
                floor(coalesce(rules.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as rules
where
    rules.kind = 'security_group'
    and json_extract_string(rules.config, '$.uses') = '0'
