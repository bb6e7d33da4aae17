-- One row per hour or day as billed, cloud, billing account, region, instance type, os, currency and commitment: what instances cost at on-demand prices, of the last 400 days.
-- Spot usage and our own machines can't be committed to, nor can what is billed beside a machine: CPU credits, licences,
-- addresses. The price is the contracted one, or the list price where a bill has no other for covered usage; a zero
-- there is no price (Azure states it for reservations).
-- group: commitment
with look as (
    select
        resource.cloud,
        resource.resource_id,
        arg_max(resource.sku, resource.valid_from) as sku,
        arg_max(json_extract_string(resource.config, '$.os'), resource.valid_from) as os
    from raw.resource as resource
    where resource.kind = 'instance'
    group by all
),

line as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.BillingAccountId, '(unknown)') as billing_account,
        focus.BillingCurrency as currency,
        focus.RegionId as region,
        if(json_valid(focus.SkuPriceDetails), focus.SkuPriceDetails, null)::json as details,
        if(json_valid(focus.x_extra), focus.x_extra, null)::json as extra,
        json_extract_string(extra, '$.credits') as credits, -- of a CSV file it is text in JSON
        coalesce(
            json_extract_string(details, '$.InstanceType'),
            json_extract_string(extra, '$."product/instanceType"'), -- of AWS's older reports
            look.sku
        ) as instance_type,
        coalesce(
            lower(json_extract_string(details, '$.OperatingSystem')),
            lower(json_extract_string(extra, '$."product/operatingSystem"')),
            look.os
        ) as os,
        focus.ChargePeriodStart as starts_at,
        date_diff('minute', focus.ChargePeriodStart, coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart)) / 60
            as hours,
        coalesce(named.commitment_id, focus.CommitmentDiscountId) as commitment_id,
        coalesce(nullif(focus.ContractedCost, 0), nullif(focus.ListCost, 0)) as contracted_cost,
        coalesce(nullif(focus.ListCost, 0), nullif(focus.ContractedCost, 0)) as list_cost,
        focus.EffectiveCost as effective_cost
    from raw.focus as focus
    left join marts.billed_commitment as named
        on focus.x_cloud = named.cloud and focus.CommitmentDiscountId = named.billed_id
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    left join look on focus.x_cloud = look.cloud and coalesce(billed.resource_id, focus.ResourceId) = look.resource_id
    where
        focus.ServiceCategory = 'Compute'
        and focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.BillingCurrency is not null
        and focus.x_cloud <> 'onprem'
        and coalesce(focus.PricingCategory, '') <> 'Dynamic'
        and coalesce(focus.CommitmentDiscountStatus, '') <> 'Unused'
        and not regexp_matches(
            concat_ws(
                ' ',
                billed_meter(extra, focus.SkuMeter, focus.ChargeDescription),
                json_extract_string(extra, '$.x_SkuMeterCategory'),
                focus.ServiceName,
                focus.ChargeDescription
            ),
            'cpu ?credit|licensing fee|machines licenses|external ip',
            'i'
        )
        and regexp_matches(lower(coalesce(focus.PricingUnit, focus.ConsumedUnit)), 'hour|hrs')
        and focus.ChargePeriodStart >= getvariable('as_of')::date - interval 400 day
),

-- Google Cloud grants what commitments cover as credits inside the line of the usage.
credit as (
    select
        line.*,
        unnest(
            from_json(line.credits, '[{"id": "VARCHAR", "type": "VARCHAR", "amount": "DECIMAL(38, 18)"}]')
        ) as granted
    from line
    where line.cloud = 'gcp' and json_valid(line.credits)
),

granted as (
    select
        credit.* exclude (granted, commitment_id, contracted_cost, list_cost, effective_cost),
        credit.granted.id as commitment_id,
        -credit.granted.amount as contracted_cost,
        -credit.granted.amount as list_cost,
        0 as effective_cost,
        credit.granted.type like 'COMMITTED_USAGE_DISCOUNT%' as is_commitment,
        credit.granted.type in ('SUSTAINED_USAGE_DISCOUNT', 'DISCOUNT') as is_price
    from credit
),

part as (
    select line.* from line
    union all by name
    select granted.* exclude (is_commitment, is_price) from granted
    where granted.is_commitment
    union all by name
    -- What the line costs on demand is less by what is covered, and by discounts that are part of its price.
    select granted.* exclude (is_commitment, is_price) replace (
        null as commitment_id, -granted.contracted_cost as contracted_cost, -granted.list_cost as list_cost
    ) from granted
    where granted.is_commitment or granted.is_price
),

slot as (
    select
        part.*,
        if(part.hours <= 1, 1, 24) as slot_hours,
        greatest(ceil(part.hours / 24)::bigint, 1) as days,
        unnest(range(days)) as day_number,
        if(part.hours <= 1, date_trunc('hour', part.starts_at), date_trunc('day', part.starts_at)) as first_slot
    from part
    where part.instance_type is not null
)

select
    slot.first_slot + to_days(slot.day_number::integer) as starts_at,
    slot.slot_hours::integer as slot_hours, -- 1 or 24
    slot.cloud,
    slot.billing_account,
    slot.currency,
    slot.region,
    slot.instance_type,
    offer.family, -- null = the catalogue does not know the type
    slot.os, -- null = neither the bill nor the inventory says
    slot.commitment_id, -- null = paid on demand
    sum(slot.contracted_cost::double / slot.days) as on_demand_cost, -- null = the bill has no price of what is covered
    sum(slot.list_cost::double / slot.days) as list_cost,
    sum(slot.effective_cost::double / slot.days) as effective_cost
from slot
left join marts.offer as offer on slot.cloud = offer.cloud and slot.instance_type = offer.instance_type
group by all
having coalesce(abs(on_demand_cost) > 1e-9, true)
