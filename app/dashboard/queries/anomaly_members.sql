-- One row per series of an incident, the largest impact first.
select
    member.cloud,
    coalesce(named.account_name, member.account) as account,
    member.service,
    member.starts_on,
    member.days,
    member.actual,
    member.expected,
    member.impact
from models.anomaly_member as member
left join marts.account as named using (cloud, account)
where member.id = getvariable('id')
order by abs(member.impact) desc, member.account asc, member.service asc
