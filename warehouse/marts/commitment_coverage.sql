-- One row per billing month, cloud and currency: the share of usage that commitments cover, at list prices.
-- Usage of the services to which any commitment ever applied, and of all computing; spot usage can't be covered.
-- group: commitment
with usage as (
    select
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.x_cloud as cloud,
        focus.ServiceName as service,
        focus.BillingCurrency as currency,
        focus.ServiceCategory as service_category,
        focus.CommitmentDiscountId is not null as is_covered,
        -- Some exports leave the list price of committed usage out, or at zero.
        sum(coalesce(nullif(focus.ListCost, 0), focus.EffectiveCost)) as list_cost
    from raw.focus as focus
    where
        focus.ChargeCategory = 'Usage'
        and coalesce(focus.PricingCategory, '') <> 'Dynamic'
        and coalesce(focus.CommitmentDiscountStatus, '') <> 'Unused'
    group by all
),

committable as (
    select
        usage.cloud,
        usage.service
    from usage
    group by all
    having bool_or(usage.is_covered or usage.service_category = 'Compute')
)

select
    usage.month,
    usage.cloud,
    usage.currency,
    sum(usage.list_cost) as usage_cost_list,
    coalesce(sum(usage.list_cost) filter (where usage.is_covered), 0) as covered_cost,
    coalesce(sum(usage.list_cost) filter (where not usage.is_covered), 0) as on_demand_cost,
    covered_cost::double / nullif(sum(usage.list_cost), 0)::double as coverage -- null = no such usage
from usage
join committable using (cloud, service)
group by all
