-- One row per cost incident, the costliest first within its currency.
-- group: summary
select
    anomaly.*,
    -- Still going on, or over for less than a week.
    coalesce(anomaly.ends_on > getvariable('as_of')::date - interval 7 day, true) as is_open,
    row_number() over (
        partition by anomaly.currency
        order by abs(anomaly.impact) desc nulls last, anomaly.id
    ) as rank
from models.anomaly as anomaly
