-- One row per open incident, with the name of its account and its series; the largest of each currency first.
with series as (
    select
        member.id,
        list({
            'cloud': member.cloud,
            'account': member.account,
            'account_name': coalesce(named.account_name, member.account),
            'service': member.service,
            'flagged_on': member.flagged_on,
            'days': member.days,
            'actual': member.actual,
            'expected': member.expected,
            'impact': member.impact
        } order by abs(member.impact) desc, member.cloud asc, member.account asc, member.service asc) as series
    from models.anomaly_member as member
    left join marts.account as named using (cloud, account)
    group by all
)

select
    anomaly_now.*,
    coalesce(named.account_name, anomaly_now.account) as account_name,
    series.series
from marts.anomaly_now as anomaly_now
left join marts.account as named using (cloud, account)
left join series using (id)
where anomaly_now.is_open
order by anomaly_now.currency asc, abs(anomaly_now.impact) desc nulls last, anomaly_now.id asc
