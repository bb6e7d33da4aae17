-- The sums per currency of daily cost are those of the charge lines, to the last digit.
-- asset: marts/daily_cost
-- blocking: true
with line as (
    select
        focus.BillingCurrency as currency,
        count(*) as lines,
        sum(focus.BilledCost) as billed_cost,
        sum(focus.EffectiveCost) as effective_cost,
        sum(focus.ListCost) as list_cost,
        sum(focus.ContractedCost) as contracted_cost
    from raw.focus as focus
    group by all
),

mart as (
    select
        daily.currency,
        sum(daily.lines)::bigint as lines,
        sum(daily.billed_cost) as billed_cost,
        sum(daily.effective_cost) as effective_cost,
        sum(daily.list_cost) as list_cost,
        sum(daily.contracted_cost) as contracted_cost
    from marts.daily_cost as daily
    group by all
)

(
    select
        'in the lines only' as problem,
        line.*
    from line
    except
    select
        'in the lines only' as problem,
        mart.*
    from mart
)
union all
(
    select
        'in the mart only' as problem,
        mart.*
    from mart
    except
    select
        'in the mart only' as problem,
        line.*
    from line
)
