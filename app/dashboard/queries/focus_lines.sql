-- One row per charge line exactly as it was delivered, the largest amounts first.
select
    focus.ChargePeriodStart,
    focus.ChargePeriodEnd,
    focus.ChargeCategory,
    focus.ServiceName,
    focus.ChargeDescription,
    focus.SkuId,
    focus.ResourceId,
    focus.ConsumedQuantity::double as ConsumedQuantity,
    focus.ConsumedUnit,
    focus.BilledCost::double as BilledCost,
    focus.EffectiveCost::double as EffectiveCost,
    focus.ListCost::double as ListCost,
    focus.BillingPeriodStart,
    focus.SubAccountId,
    focus.RegionId,
    focus.Tags,
    focus.x_file,
    focus.x_export,
    focus.x_source
from raw.focus as focus
where
    focus.BillingCurrency = getvariable('currency')
    and focus.BillingPeriodStart >= getvariable('first')
    and focus.BillingPeriodStart < getvariable('until')
    and (getvariable('clouds') is null or list_contains(getvariable('clouds'), focus.x_cloud))
    and (
        getvariable('accounts') is null
        or list_contains(
            getvariable('accounts'),
            focus.x_cloud || '/' || coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)')
        )
    )
    and (
        getvariable('services') is null
        or list_contains(getvariable('services'), coalesce(focus.ServiceName, '(unknown)'))
    )
    and (
        getvariable('regions') is null
        or list_contains(getvariable('regions'), coalesce(focus.RegionId, 'global'))
    )
    and (
        getvariable('categories') is null
        or list_contains(getvariable('categories'), coalesce(focus.ChargeCategory, '(unknown)'))
    )
    and (
        getvariable('resource_id') is null
        or focus.ResourceId = getvariable('resource_id')
        or (focus.x_cloud, focus.ResourceId) in (
            select
                billed.cloud,
                billed.billed_id
            from marts.billed_resource as billed
            where billed.resource_id = getvariable('resource_id')
        )
    )
    -- As in marts.tag_cost: an empty value is none, and untagged is what belongs to a resource.
    and (
        getvariable('tag_key') is null
        or getvariable('tag_value') = coalesce(
            nullif(
                from_json(
                    if(json_valid(focus.Tags) and json_type(focus.Tags) = 'OBJECT', focus.Tags, null),
                    '"MAP(VARCHAR, VARCHAR)"'
                )[getvariable('tag_key')::varchar],
                ''
            ),
            if(focus.ResourceId is null, null, '(untagged)')
        )
    )
order by abs(focus.EffectiveCost) desc, focus.ChargePeriodStart asc, focus.SkuId asc
limit getvariable('most')
