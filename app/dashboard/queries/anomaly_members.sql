-- One row per series of an incident, the largest impact first.
with named as (
    select
        monthly_cost.cloud,
        monthly_cost.account,
        max(monthly_cost.account_name) as account_name
    from marts.monthly_cost as monthly_cost
    group by all
)

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
left join named using (cloud, account)
where member.id = getvariable('id')
order by abs(member.impact) desc, member.account asc, member.service asc
