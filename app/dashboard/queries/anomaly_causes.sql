-- One row per candidate cause of an incident, the cause first.
select
    cause.rank,
    cause.dimension,
    cause.value,
    coalesce(cause.name, cause.value) as name,
    cause.impact::double as impact,
    cause.quantity_effect::double as quantity_effect,
    cause.price_effect::double as price_effect,
    cause.mix_effect::double as mix_effect,
    cause.unknown_effect::double as unknown_effect,
    cause.share,
    case
        when cause.is_new then 'new'
        when cause.is_gone then 'gone'
        else ''
    end as state,
    cause.changes,
    cause.evidence
from models.anomaly_cause as cause
where cause.id = getvariable('id')
order by cause.rank
