-- One row per currency and team: what it pays in a month by the rules that hold, and by those that are tried.
with paid as (
    select
        daily.currency,
        daily.team,
        daily.cost as cost_now,
        0::decimal(38, 18) as cost_tried
    from marts.allocation_daily as daily
    where daily.month = getvariable('month')

    union all

    select
        daily.currency,
        daily.team,
        0::decimal(38, 18) as cost_now,
        daily.cost as cost_tried
    from tried as daily
    where daily.month = getvariable('month')
)

select
    paid.currency,
    paid.team,
    sum(paid.cost_now) as cost_now,
    sum(paid.cost_tried) as cost_tried,
    sum(paid.cost_tried) - sum(paid.cost_now) as change
from paid
group by all
order by paid.currency, paid.team nulls last
