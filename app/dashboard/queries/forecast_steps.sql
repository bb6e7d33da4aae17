-- One row per commitment that ends within the forecast of one scope: when, and what a day costs more without it; soonest first.
with owned as (
    select
        commitment.cloud,
        commitment.commitment_id,
        max(commitment.kind) as kind,
        max(commitment.covers) as covers
    from raw.commitment as commitment
    group by all
)

select
    step.starts_on,
    step.cloud,
    step.commitment_id,
    owned.kind,
    owned.covers,
    string_agg(distinct step.service, ', ' order by step.service) as services,
    sum(step.daily) as daily
from models.forecast_step as step
left join owned using (cloud, commitment_id)
where
    step.currency = getvariable('currency')
    and (getvariable('cloud') is null or step.cloud = getvariable('cloud'))
    and (getvariable('account') is null or step.account = getvariable('account'))
    and (getvariable('service') is null or step.service = getvariable('service'))
group by all
order by step.starts_on asc, abs(sum(step.daily)) desc, step.commitment_id asc
