-- A month and its currency cost the same in monthly cost, in daily cost and by tags, to the last digit.
-- asset: marts/monthly_cost
-- blocking: true
with daily as (
    select
        cost.month,
        cost.currency,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.effective_cost) as effective_cost
    from marts.daily_cost as cost
    group by all
),

monthly as (
    select
        cost.month,
        cost.currency,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.effective_cost) as effective_cost
    from marts.monthly_cost as cost
    group by all
),

tagset as (
    select
        cost.month,
        cost.currency,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.effective_cost) as effective_cost
    from marts.tagset_cost as cost
    group by all
)

(
    from daily
    except
    from monthly
)
union all
(
    from daily
    except
    from tagset
)
