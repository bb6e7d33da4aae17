-- One row per cost incident, the costliest first within its currency.
-- group: summary
select
    anomaly.* replace (coalesce(anomaly.is_expected, false) as is_expected),
    -- Still going on, or over for less than a week; what a known change explains is nobody's task.
    not coalesce(anomaly.is_expected, false)
    and coalesce(anomaly.ends_on > getvariable('as_of')::date - interval 7 day, true) as is_open,
    case
        when coalesce(anomaly.is_expected, false) then 'expected'
        when is_open and (anomaly.ends_on is null or anomaly.is_new_normal) then 'open'
        when is_open then 'just ended'
        when anomaly.is_new_normal then 'new normal' -- it is over only because later days are measured against it
        else 'ended'
    end as state,
    first.dimension as cause_dimension,
    first.value as cause_value,
    first.name as cause_name,
    first.share as cause_share,
    first.quantity_effect as cause_quantity_effect,
    first.price_effect as cause_price_effect,
    first.mix_effect as cause_mix_effect,
    first.unknown_effect as cause_unknown_effect,
    first.changes as cause_changes,
    row_number() over (
        partition by anomaly.currency
        order by abs(anomaly.impact) desc nulls last, anomaly.id
    ) as rank
from models.anomaly as anomaly
left join models.anomaly_cause as first on anomaly.id = first.id and first.rank = 1
