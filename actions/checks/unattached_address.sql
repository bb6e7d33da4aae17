-- title: Release public addresses that nothing has used for {days} days
-- kind: address
-- verb: release
-- risk: R4
-- param days: 7
-- blind: DNS records, allow lists and certificates that name the address.
-- evidence: select resource.resource_id, resource.name, resource.state, resource.state_since, resource.state_days,
-- evidence: resource.attached_to, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 7 days: hystax/optscale (obsolete_ips.py) and Cloud Custodian's examples. A released address can't be had again. No
-- cloud says since when: it counts from when the address was first seen as it is now.
select
    address.source,
    address.cloud,
    address.account,
    address.region,
    address.resource_id,
    address.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        coalesce(address.state_days, address.unchanged_days) is null,
        'used by nothing',
        format('used by nothing for {:.0f} days', floor(coalesce(address.state_days, address.unchanged_days)))
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when address.state_days is null and coalesce(address.unchanged_days < $days, true)
            then 'since when it has been unattached'
    end as missing
from marts.resource_now as address
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    address.kind = 'address'
    and address.state = 'available'
    and address.attached_to is null
    and coalesce(address.state_days >= $days, address.age_days >= $days)
