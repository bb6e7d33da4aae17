-- title: Keep resources in the regions that are allowed
-- kind: account
-- verb: review
-- risk: R0
-- about: governance
-- param allowed: .*
-- blind: Copies and backups that a service keeps elsewhere by itself.
-- evidence: select resource.region, resource.kind, resource.resource_id, resource.name, resource.created_at,
-- evidence: rate.cost_month, rate.currency from marts.resource_now as resource left join marts.resource_run_rate as
-- evidence: rate using (cloud, resource_id) where resource.cloud = {cloud} and resource.account = {resource_id} order
-- evidence: by resource.region, resource.kind
--
-- One row per account with resources in a region that `allowed` does not match; as everything is allowed until you say
-- otherwise (section `checks:` of the settings, per cloud or account), it says nothing by itself. Catalogue OPS-12; the
-- idea is Cloud Custodian's region policies (https://cloudcustodian.io/docs/aws/examples/). What belongs to no region
-- (`global`), and what every region has by itself (networks, subnets, security groups), does not count.
with outside as (
    select
        min(resource.source) as source,
        resource.cloud,
        resource.account,
        resource.region,
        count(distinct concat_ws(' ', resource.kind, resource.resource_id)) as resources -- two sources may read it
    from marts.resource_now as resource
    where
        resource.region <> 'global'
        and resource.kind not in ('network', 'subnet', 'security_group', 'account', 'advice')
        and not regexp_full_match(resource.region, $allowed)
    group by all
)

select
    min(outside.source) as source,
    outside.cloud,
    outside.account,
    'global' as region,
    outside.account as resource_id,
    string_agg(outside.region, ', ' order by outside.region) as before,
    'regions that match ' || $allowed as after,
    string_agg(
        format('{} resources in {}', outside.resources, outside.region), ', '
        order by outside.resources desc, outside.region asc
    ) as reason
from outside
group by outside.cloud, outside.account
