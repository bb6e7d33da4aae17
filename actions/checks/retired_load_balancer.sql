-- title: Replace load balancers and gateways of retired kinds
-- kind: load_balancer
-- verb: configure
-- risk: R5
-- about: resilience
-- blind: Whether what is behind it works with the successor.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Azure retires basic load balancers
-- (https://learn.microsoft.com/azure/load-balancer/load-balancer-basic-upgrade-guidance) and the first version of
-- application gateways (https://learn.microsoft.com/azure/application-gateway/v1-retirement); Microsoft's FinOps
-- toolkit lists both (https://github.com/microsoft/finops-toolkit). The successors cost more or are paid by use, so
-- nothing is claimed.
select
    balancer.source,
    balancer.cloud,
    balancer.account,
    balancer.region,
    balancer.resource_id,
    if(balancer.sku = 'basic', 'basic', 'application gateway v1') as before,
    if(balancer.sku = 'basic', 'standard', 'application gateway v2') as after,
    if(balancer.sku = 'basic', 'a basic load balancer', 'an application gateway of the first version') as reason,
    null::varchar as missing
from marts.resource_now as balancer
where
    balancer.kind = 'load_balancer'
    and balancer.cloud = 'azure'
    and (
        balancer.sku = 'basic'
        or (balancer.sku = 'application' and json_extract_string(balancer.config, '$.tier') in ('standard', 'waf'))
    )
