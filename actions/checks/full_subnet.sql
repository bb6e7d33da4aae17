-- title: Enlarge subnets before their addresses run out
-- kind: subnet
-- verb: review
-- risk: R0
-- about: capacity
-- param taken: 0.8
-- blind: Addresses that a service has reserved without a configuration of its own.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- More than 80 %: Azure Optimization Engine (https://github.com/microsoft/finops-toolkit, src/optimization-engine).
-- Azure keeps five addresses of each subnet for itself
-- (https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq). Nothing is saved: when none is left,
-- nothing new starts there. Read on Azure.
with counted as (
    select
        subnet.*,
        try_cast(json_extract_string(subnet.config, '$.used') as integer) as used,
        try_cast(json_extract_string(subnet.config, '$.usable') as integer) as usable
    from marts.resource_now as subnet
    where subnet.kind = 'subnet'
)

select
    counted.source,
    counted.cloud,
    counted.account,
    counted.region,
    counted.resource_id,
    format('{} addresses', counted.usable) as before,
    'more addresses' as after,
    format('{} of {} addresses are taken', counted.used, counted.usable) as reason,
    null::varchar as missing
from counted
where counted.usable > 0 and counted.used > $taken * counted.usable
