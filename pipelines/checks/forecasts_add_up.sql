-- What a scope is expected to cost on a day is the sum of what its services are, and the same holds for periods.
-- asset: models/forecast_scope
with part as (
    select
        forecast.currency,
        forecast.day,
        sum(forecast.mean) as mean
    from models.forecast as forecast
    group by all
),

scope as (
    select
        whole.level,
        whole.currency,
        whole.day,
        sum(whole.mean) as mean
    from models.forecast_scope as whole
    group by all
),

period as (
    select
        total.level,
        total.horizon,
        total.currency,
        sum(total.mean) as mean
    from models.forecast_total as total
    group by all
)

select
    scope.level,
    scope.currency,
    scope.day::varchar as at,
    scope.mean,
    part.mean as parts
from scope
left join part using (currency, day)
where abs(scope.mean - coalesce(part.mean, 0)) > 1e-6 * greatest(abs(scope.mean), 1)
union all
select
    period.level,
    period.currency,
    period.horizon as at,
    period.mean,
    service.mean as parts
from period
left join period as service
    on period.horizon = service.horizon and period.currency = service.currency and service.level = 'service'
where abs(period.mean - coalesce(service.mean, 0)) > 1e-6 * greatest(abs(period.mean), 1)
