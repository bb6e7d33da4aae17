-- The effects of every cause add up to its impact, and every cause belongs to an incident.
-- asset: models/anomaly_cause
select
    cause.id,
    cause.rank,
    cause.dimension,
    cause.value,
    cause.impact,
    cause.quantity_effect + cause.price_effect + cause.mix_effect as effects,
    anomaly.impact as incident
from models.anomaly_cause as cause
left join models.anomaly as anomaly using (id)
where
    cause.impact is distinct from cause.quantity_effect + cause.price_effect + cause.mix_effect
    or cause.impact is distinct from cause.actual - cause.expected
    or anomaly.id is null
