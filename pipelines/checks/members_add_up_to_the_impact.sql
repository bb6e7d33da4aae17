-- The series of every incident add up to its impact, and every incident has a first cause.
-- asset: models/anomaly_member
select
    anomaly.id,
    anomaly.impact,
    sum(member.impact) as members,
    any_value(cause.value) as cause
from models.anomaly as anomaly
left join models.anomaly_member as member using (id)
left join models.anomaly_cause as cause on anomaly.id = cause.id and cause.rank = 1
group by
    anomaly.id,
    anomaly.impact
having members is null or abs(members - anomaly.impact) > 1e-6 * greatest(1, abs(anomaly.impact)) or cause is null
