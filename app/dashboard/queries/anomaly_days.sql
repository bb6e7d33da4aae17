-- One row per day around an incident: what its series cost together, and what was expected of them.
select
    around.day,
    around.actual,
    around.expected,
    around.is_abnormal
from models.anomaly_day as around
where around.id = getvariable('id')
order by around.day
