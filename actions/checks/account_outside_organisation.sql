-- title: Take accounts into the organisation
-- kind: account
-- verb: review
-- risk: R0
-- about: security
-- blind: Accounts of another organisation of the same company.
-- evidence: select resource.account, resource.kind, count(*) as resources, min(resource.first_seen_at) as first_seen_at
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and (resource.account = {resource_id} or resource.kind = 'account') group by all
--
-- An account that we read is none of the organisation's: AWS Trusted Advisor's check of accounts that are no part of AWS
-- Organizations (https://docs.aws.amazon.com/awssupport/latest/user/trusted-advisor-check-reference.html). Only the
-- management account tells its accounts; where none of those that we read does, the row says so.
with seen as (
    select distinct
        resource.source,
        resource.cloud,
        resource.account
    from marts.resource_now as resource
    where resource.cloud = 'aws' and resource.kind in ('network', 'subnet', 'security_group', 'user')
),

listed as (
    select
        member.source,
        member.cloud,
        list(member.resource_id) as accounts
    from marts.resource_now as member
    where member.cloud = 'aws' and member.kind = 'account'
    group by all
)

select
    seen.source,
    seen.cloud,
    seen.account,
    'global' as region,
    seen.account as resource_id,
    'on its own' as before,
    'in the organisation' as after,
    if(
        listed.accounts is null,
        'an account',
        format('none of the {} accounts of the organisation', len(listed.accounts))
    ) as reason,
    if(listed.accounts is null, 'which accounts the organisation has: its management account is not read', null)
        as missing
from seen
left join listed using (source, cloud)
where listed.accounts is null or not list_contains(listed.accounts, seen.account)
