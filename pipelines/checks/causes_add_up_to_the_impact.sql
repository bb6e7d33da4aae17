-- Effects add up to the impact of their cause, causes belong to an incident, and its services add up to what it cost.
-- asset: models/anomaly_cause
select
    cause.id,
    cause.rank,
    cause.dimension,
    cause.value,
    cause.impact,
    cause.quantity_effect + cause.price_effect + cause.mix_effect + cause.unknown_effect as effects,
    anomaly.impact as incident
from models.anomaly_cause as cause
left join models.anomaly as anomaly using (id)
where
    cause.impact is distinct from
    cause.quantity_effect + cause.price_effect + cause.mix_effect + cause.unknown_effect
    or cause.impact is distinct from cause.actual - cause.expected
    or anomaly.id is null

union all

select
    anomaly.id,
    null as rank,
    'service' as dimension,
    'all of them' as value,
    sum(cause.impact) as impact,
    sum(cause.quantity_effect + cause.price_effect + cause.mix_effect + cause.unknown_effect) as effects,
    anomaly.impact as incident
from models.anomaly as anomaly
left join models.anomaly_cause as cause on anomaly.id = cause.id and cause.dimension = 'service'
group by
    anomaly.id,
    anomaly.impact
having
    sum(cause.impact) is null
    or abs(sum(cause.impact)::double - anomaly.impact) > 1e-6 * greatest(1, abs(anomaly.impact)) -- of doubles
