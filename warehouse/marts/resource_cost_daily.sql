-- One row per day, account, service, resource and currency, for the 92 days before as_of.
-- A line that covers several days is spread evenly over them; its last day takes what rounding leaves.
-- group: cost
with line as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        coalesce(billed.resource_id, focus.ResourceId) as resource_id,
        focus.BillingCurrency as currency,
        focus.ChargePeriodStart::date as first_day,
        greatest(
            coalesce((focus.ChargePeriodEnd - interval 1 microsecond)::date - focus.ChargePeriodStart::date, 0), 0
        )
        + 1 as days,
        sum(focus.EffectiveCost) as effective_cost,
        sum(focus.ListCost) as list_cost,
        sum(focus.EffectiveCost) filter (
            where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null
        ) as usage_cost,
        sum(focus.ListCost) filter (
            where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null
        ) as usage_list_cost,
        sum(focus.EffectiveCost) filter (
            where
            focus.ChargeCategory = 'Usage'
            and focus.ChargeClass is null
            and focus.CommitmentDiscountId is not null
        ) as commitment_cost
    from raw.focus as focus
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    where
        focus.ResourceId is not null
        and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) >= getvariable('as_of')::date - interval 92 day
    group by all
),

share as (
    select
        line.*,
        (line.effective_cost::double / line.days)::decimal(38, 6)::decimal(38, 18) as effective_cost_share,
        (line.list_cost::double / line.days)::decimal(38, 6)::decimal(38, 18) as list_cost_share,
        (line.usage_cost::double / line.days)::decimal(38, 6)::decimal(38, 18) as usage_cost_share,
        (line.usage_list_cost::double / line.days)::decimal(38, 6)::decimal(38, 18) as usage_list_cost_share,
        (line.commitment_cost::double / line.days)::decimal(38, 6)::decimal(38, 18) as commitment_cost_share,
        unnest(range(line.days)) as day_number,
        (day_number = line.days - 1)::integer as is_last_day
    from line
    where line.days > 1
),

daily as (
    select
        line.cloud,
        line.account,
        line.service,
        line.resource_id,
        line.currency,
        line.first_day as day,
        line.effective_cost,
        line.list_cost,
        line.usage_cost,
        line.usage_list_cost,
        line.commitment_cost
    from line
    where line.days = 1

    union all

    select
        share.cloud,
        share.account,
        share.service,
        share.resource_id,
        share.currency,
        share.first_day + share.day_number::integer as day,
        share.effective_cost_share
        + share.is_last_day * (share.effective_cost - share.effective_cost_share * share.days) as effective_cost,
        share.list_cost_share
        + share.is_last_day * (share.list_cost - share.list_cost_share * share.days) as list_cost,
        share.usage_cost_share
        + share.is_last_day * (share.usage_cost - share.usage_cost_share * share.days) as usage_cost,
        share.usage_list_cost_share
        + share.is_last_day * (share.usage_list_cost - share.usage_list_cost_share * share.days) as usage_list_cost,
        share.commitment_cost_share
        + share.is_last_day * (share.commitment_cost - share.commitment_cost_share * share.days) as commitment_cost
    from share
)

select
    daily.day,
    daily.cloud,
    daily.account,
    daily.service,
    daily.resource_id,
    daily.currency,
    sum(daily.effective_cost) as effective_cost,
    sum(daily.list_cost) as list_cost,
    sum(daily.usage_cost) as usage_cost, -- effective cost of usage without corrections, credits and purchases
    sum(daily.usage_list_cost) as usage_list_cost,
    sum(daily.commitment_cost) as commitment_cost -- the part of usage_cost that a commitment covers
from daily
where daily.day >= getvariable('as_of')::date - interval 92 day and daily.day <= getvariable('as_of')::date
group by all
