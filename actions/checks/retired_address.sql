-- title: Replace public addresses of the retired basic tier
-- kind: address
-- verb: configure
-- risk: R5
-- about: resilience
-- blind: Whether what is behind it works with the standard tier.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- The basic tier is retired
-- (https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-basic-upgrade-guidance), and Microsoft's
-- FinOps toolkit lists what is left of it (https://github.com/microsoft/finops-toolkit). An address of the standard
-- tier costs more and refuses what no security group allows, so nothing is saved. Read on Azure.
select
    address.source,
    address.cloud,
    address.account,
    address.region,
    address.resource_id,
    'basic' as before,
    'standard' as after,
    'of the basic tier' as reason,
    null::varchar as missing
from marts.resource_now as address
where
    address.kind = 'address'
    and json_extract_string(address.config, '$.tier') = 'basic'
