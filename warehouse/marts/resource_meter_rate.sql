-- One row per cloud, resource, currency and meter (unit and SKU) billed in the last 14 complete days: what that part costs per month.
-- The parts of marts.resource_run_rate, by the same rules: usage only, a month is 30.4375 days, a line of several days
-- counts with those of its days that are among the 14. A meter is named as in marts.resource_meter.
-- group: cost
with charge as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        coalesce(focus.PricingUnit, focus.ConsumedUnit) as unit,
        billed_meter(focus.x_extra, focus.SkuMeter, focus.ChargeDescription) as meter,
        focus.ChargeDescription as description,
        rate.until - rate.first_day as days,
        focus.ChargePeriodStart::date as begins_on,
        greatest((focus.ChargePeriodEnd - interval 1 microsecond)::date + 1, begins_on + 1) as ends_on,
        (least(ends_on, rate.until) - greatest(begins_on, rate.first_day)) / (ends_on - begins_on) as share,
        focus.EffectiveCost::double * share as cost,
        if(focus.CommitmentDiscountId is null, 0, cost) as commitment_cost,
        coalesce(focus.PricingQuantity, focus.ConsumedQuantity)::double * share as quantity
    from raw.focus as focus
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    join marts.resource_run_rate as rate
        on
            focus.x_cloud = rate.cloud
            and coalesce(billed.resource_id, focus.ResourceId) = rate.resource_id
            and focus.BillingCurrency = rate.currency
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = coalesce(
                rate.account, focus.SubAccountId, focus.BillingAccountId, '(unknown)'
            )
            and focus.ChargePeriodStart < rate.until
            and coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart) > rate.first_day
    where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null
),

line as (
    select
        charge.cloud,
        charge.resource_id,
        charge.currency,
        charge.unit,
        charge.meter,
        charge.description,
        charge.days,
        sum(charge.cost) as cost,
        sum(charge.commitment_cost) as commitment_cost,
        sum(charge.quantity) as quantity
    from charge
    group by all
)

select
    line.cloud,
    line.resource_id,
    line.currency,
    line.unit, -- in the provider's words: Hrs, GB-Mo, IOPS-Mo, Requests, 1 Hour, gibibyte month
    line.meter,
    line.description,
    (line.cost / line.days * 30.4375)::decimal(38, 6)::decimal(38, 18) as cost_month,
    greatest(least(line.commitment_cost / nullif(line.cost, 0), 1), 0) as commitment_share,
    line.quantity, -- of the days that marts.resource_run_rate counts, 14 at most; null = the bill does not say
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
