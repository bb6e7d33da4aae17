-- What is loaded is what the deliveries said: lines and sums, to the last digit.
-- asset: raw/focus
-- blocking: true
with line as (
    select
        focus.x_source as source,
        focus.BillingAccountId as billing_account,
        date_trunc('month', focus.BillingPeriodStart)::date as period,
        focus.BillingCurrency as currency,
        count(*) as lines,
        sum(focus.BilledCost) as billed_cost,
        sum(focus.EffectiveCost) as effective_cost,
        sum(focus.ListCost) as list_cost,
        sum(focus.ContractedCost) as contracted_cost
    from raw.focus as focus
    group by all
),

delivery as (
    select
        manifest.source,
        manifest.billing_account,
        manifest.period,
        manifest.currency,
        sum(manifest.rows)::bigint as lines,
        sum(manifest.billed_cost) as billed_cost,
        sum(manifest.effective_cost) as effective_cost,
        sum(manifest.list_cost) as list_cost,
        sum(manifest.contracted_cost) as contracted_cost
    from raw.billing_manifest as manifest
    where manifest.status = 'loaded'
    group by all
    having sum(manifest.rows) > 0
)

(
    select
        'loaded, but no delivery says so' as problem,
        line.*
    from line
    except
    select
        'loaded, but no delivery says so' as problem,
        delivery.*
    from delivery
)
union all
(
    select
        'delivered, but not loaded so' as problem,
        delivery.*
    from delivery
    except
    select
        'delivered, but not loaded so' as problem,
        line.*
    from line
)
