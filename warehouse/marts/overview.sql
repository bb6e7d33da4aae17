-- One row per currency: the figures of the first page.
-- group: summary
with today as (
    select
        getvariable('as_of')::date as today,
        date_trunc('month', getvariable('as_of'))::date as month,
        (date_trunc('month', getvariable('as_of')) - interval 1 month)::date as last_month
),

-- How far the running month of each bill is known, by its last line or its usage: last month is compared up to the same
-- day. What a late account has not billed yet did not cost less.
billed as (
    select
        daily.cloud,
        daily.billing_account,
        max(day(greatest(daily.day, known.until - interval 1 microsecond))) as days
    from marts.daily_cost as daily
    cross join today
    join marts.account_billed_until as known
        on daily.cloud = known.cloud and daily.billing_account is not distinct from known.billing_account
    where daily.month = today.month and daily.day between today.month and today.today
    group by all
),

spent as (
    select
        daily.currency,
        sum(daily.effective_cost) filter (
            where daily.month = today.month and daily.day <= today.today
        ) as month_to_date,
        sum(daily.effective_cost) filter (
            where
            daily.month = today.last_month
            and daily.day < today.month
            and day(daily.day) <= coalesce(billed.days, 0)
        ) as last_month_same_days,
        sum(daily.effective_cost) filter (where daily.month = today.last_month) as last_month
    from marts.daily_cost as daily
    cross join today
    left join billed
        on daily.cloud = billed.cloud and daily.billing_account is not distinct from billed.billing_account
    where daily.currency is not null
    group by all
),

-- Taxes and the like of last month stand on its first day in full, those of this month as far as it is over.
not_due as (
    select
        running.currency,
        sum(running.last_month_owed)::decimal(38, 18) as cost
    from marts.running_charge as running
    join today using (month)
    group by all
),

month_end as (
    select
        total.currency,
        total.mean,
        total.lo80,
        total.hi80
    from models.forecast_total as total
    cross join today
    -- As long as the month before is not billed to its end, the forecast is of that one.
    where total.horizon = 'month_end' and total.level = 'total' and total.starts_on = today.month
),

advice as (
    select
        recommendation.currency,
        sum(recommendation.saving_month_low) as savings_low,
        sum(recommendation.saving_month_high) as savings_high,
        count(*) as recommendations_open
    from marts.recommendation_now as recommendation
    where recommendation.status = 'open'
    group by all
),

incident as (
    select
        anomaly.currency,
        count(*) as anomalies_open,
        sum(anomaly.impact) as anomaly_impact
    from marts.anomaly_now as anomaly
    where anomaly.is_open
    group by all
),

known as (
    select count(*) > 0 as has_inventory
    from raw.resource
),

unallocated as (
    select
        cost.currency,
        if(
            sum(cost.unallocated_cost) between 0 and sum(cost.effective_cost),
            sum(cost.unallocated_cost)::double / nullif(sum(cost.effective_cost), 0)::double,
            null
        ) as unallocated_share
    from marts.unallocated_cost as cost
    cross join today
    where cost.month = today.month
    group by all
)

select
    spent.currency,
    today.today,
    today.month,
    spent.month_to_date, -- effective cost of the running billing month; null = nothing of it is billed yet
    -- Of last month, up to the day of the month that is billed now.
    if(
        spent.last_month is null, null, coalesce(spent.last_month_same_days, 0) - coalesce(not_due.cost, 0)
    ) as last_month_same_days,
    spent.last_month, -- null = nothing of it is billed
    month_end.mean as month_end_mean, -- null = not forecast
    month_end.lo80 as month_end_lo80,
    month_end.hi80 as month_end_hi80,
    -- Per month, of open recommendations; null = there are none, and no inventory in which to look for any.
    coalesce(advice.savings_low, if(known.has_inventory, 0, null)) as savings_low,
    coalesce(advice.savings_high, if(known.has_inventory, 0, null)) as savings_high,
    coalesce(advice.recommendations_open, 0) as recommendations_open,
    coalesce(incident.anomalies_open, 0) as anomalies_open,
    coalesce(incident.anomaly_impact, 0) as anomaly_impact,
    unallocated.unallocated_share -- of the running month; null = nothing is billed yet, or more credits than costs
from spent
cross join today
cross join known
left join not_due using (currency)
left join month_end using (currency)
left join advice using (currency)
left join incident using (currency)
left join unallocated using (currency)
