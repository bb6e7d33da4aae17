-- One row per cloud, resource, currency and meter (unit and SKU) billed in the last 14 complete days: what that part costs per month.
-- The parts of marts.resource_run_rate, by the same rules: usage only, a month is 30.4375 days.
-- group: cost
with line as (
    select
        focus.x_cloud as cloud,
        coalesce(billed.resource_id, focus.ResourceId) as resource_id,
        focus.BillingCurrency as currency,
        coalesce(focus.PricingUnit, focus.ConsumedUnit) as unit,
        focus.SkuMeter as meter,
        focus.ChargeDescription as description,
        sum(focus.EffectiveCost) as cost,
        sum(focus.EffectiveCost) filter (where focus.CommitmentDiscountId is not null) as commitment_cost,
        sum(coalesce(focus.PricingQuantity, focus.ConsumedQuantity)) as quantity
    from raw.focus as focus
    join marts.sub_account_billed_until as complete
        on
            focus.x_cloud = complete.cloud
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    where
        focus.ResourceId is not null
        and focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodStart >= complete.until - interval 14 day
        and focus.ChargePeriodStart < complete.until
    group by all
),

whole as (
    select
        line.cloud,
        line.resource_id,
        line.currency,
        sum(line.cost) as cost
    from line
    group by all
)

select
    line.cloud,
    line.resource_id,
    line.currency,
    line.unit, -- in the provider's words: Hrs, GB-Mo, IOPS-Mo, Requests, 1 Hour, gibibyte month
    line.meter,
    line.description,
    -- The meter's share of what the resource costs a month: a day on which it was off counts there.
    round(rate.cost_month::double * line.cost::double / nullif(whole.cost, 0)::double, 6)::decimal(38, 18)
        as cost_month,
    coalesce(line.commitment_cost, 0)::double / nullif(line.cost, 0)::double as commitment_share,
    line.quantity::double as quantity, -- of the 14 days; null = the bill does not say
    case
        when regexp_matches(line.unit, 'iops', 'i') then 'iops'
        when regexp_matches(line.unit, '(gb|gib|gibibyte|tb|tib)[ /-]*(mo|month)', 'i') then 'storage'
        when
            regexp_matches(line.unit, '(gb|gib|gibibyte)[ -]*s(econd)?s?$', 'i')
            -- AWS's FOCUS 1.0 names the GB-seconds of functions so.
            or (line.unit = 'Seconds' and regexp_matches(line.description, 'lambda.*compute', 'i'))
            then 'memory_seconds'
        when regexp_matches(line.unit, 'mib?ps|gib?ps|mb/s', 'i') then 'throughput'
        when regexp_matches(line.unit, 'request|api call|operation|^count$|10k$|1m$|^ios?$', 'i') then 'requests'
        when regexp_matches(line.unit, 'h(ou)?rs?$|hour', 'i') then 'hours'
        when regexp_matches(line.unit, '^[0-9]* ?(gb|gib|gibibyte|gigabyte|tb|tib|byte)s?$', 'i') then 'bytes'
    end as part -- iops, storage, memory_seconds, throughput, requests, hours, bytes; null = none of them
from line
join whole using (cloud, resource_id, currency)
join marts.resource_run_rate as rate using (cloud, resource_id, currency)
