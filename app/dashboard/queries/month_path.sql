-- One row per day of the running month: what has been spent up to it, or will have been. The last is the forecast of the month.
with made as (
    select coalesce(max(total.made_on), 'infinity'::date) as made_on -- what is ahead begins here, though some may be billed
    from models.forecast_total as total
    where total.horizon = 'month_end' and total.currency = getvariable('currency')
),

-- What the days cost that a late bill does not cover yet: in the forecast of the month, but of no day.
estimated as (
    select
        total.made_on,
        total.estimated_days as days,
        total.mean - total.known - coalesce(sum(ahead.mean), 0) as cost
    from models.forecast_total as total
    left join models.forecast as ahead
        on
            total.cloud = ahead.cloud
            and total.account = ahead.account
            and total.service = ahead.service
            and total.currency = ahead.currency
            and total.made_on <= ahead.day
            and total.ends_on > ahead.day
    where
        total.horizon = 'month_end'
        and total.level = 'service'
        and total.currency = getvariable('currency')
        and total.estimated_days > 0
    group by
        total.cloud,
        total.account,
        total.service,
        total.made_on,
        total.estimated_days,
        total.mean,
        total.known
),

part as (
    select
        forecast_daily.day,
        coalesce(if(forecast_daily.day < made.made_on, forecast_daily.actual, forecast_daily.mean), 0) as cost
    from marts.forecast_daily as forecast_daily
    cross join made
    where forecast_daily.currency = getvariable('currency')

    union all

    select
        estimated.made_on - unnest(range(1, estimated.days + 1))::integer as day,
        estimated.cost / estimated.days as cost
    from estimated
)

select
    part.day,
    sum(sum(part.cost)) over (order by part.day) as cost
from part
where part.day >= getvariable('first') and part.day < getvariable('first') + interval 1 month
group by part.day
order by part.day
