-- title: Give back subnets in which nothing is
-- kind: subnet
-- verb: review
-- risk: R0
-- about: governance
-- param days: 30
-- blind: A subnet that is kept for growth.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Empty: Azure Optimization Engine (https://github.com/microsoft/finops-toolkit, src/optimization-engine); 30 days:
-- our rule, from catalogue NET-22. It costs nothing, but takes addresses that others could have. Left out: subnets
-- that are delegated to a service. Read on Azure. It counts from when it was first seen as it is now.
select
    subnet.source,
    subnet.cloud,
    subnet.account,
    subnet.region,
    subnet.resource_id,
    'empty' as before,
    'absent' as after,
    'none of ' || json_extract_string(subnet.config, '$.usable') || ' addresses is taken' as reason,
    case
        when coalesce(subnet.unchanged_days < $days, true)
            then format(
                'since when it has been empty; it has been watched for {:.0f} of {} days',
                floor(coalesce(subnet.unchanged_days, 0)), $days
            )
    end as missing
from marts.resource_now as subnet
where
    subnet.kind = 'subnet'
    and json_extract_string(subnet.config, '$.used') = '0'
    and json_extract_string(subnet.config, '$.usable') is not null
    and json_extract_string(subnet.config, '$.delegated') = 'false'
    -- These are filled by the service they are named for.
    and not regexp_matches(subnet.name, '^(Gateway|Azure|RouteServer)')
