-- title: Disable users who have not logged in for {days} days
-- kind: user
-- verb: review
-- risk: R0
-- about: security
-- param days: 90
-- blind: Users who work with access keys alone, and a password that was taken away since.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- 90 days: hystax/optscale (inactive_users.py) and AWS's own rule iam-user-unused-credentials-check
-- (https://docs.aws.amazon.com/config/latest/developerguide/iam-user-unused-credentials-check.html). A user whose
-- password was never used may have none, so nothing is said about those; keys are another check's (inactive_access_key).
select
    person.source,
    person.cloud,
    person.account,
    person.region,
    person.resource_id,
    person.state as before,
    'disabled' as after,
    format(
        'last login {} days ago',
        date_diff(
            'day',
            try_cast(json_extract_string(person.config, '$.password_last_used') as date),
            getvariable('as_of')::date
        )
    ) as reason
from marts.resource_now as person
where
    person.kind = 'user'
    and person.state = 'active'
    and try_cast(json_extract_string(person.config, '$.password_last_used') as date)
    < getvariable('as_of')::date - to_days($days::integer)
