-- One row per export file that delivered these charge lines, with what the manifest says about it.
with line as (
    select
        focus.x_source as source,
        focus.x_export as export,
        focus.x_file as file,
        count(*) as lines,
        sum(focus.EffectiveCost) as effective_cost,
        sum(focus.BilledCost) as billed_cost
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
    group by all
)

select
    line.file,
    line.lines,
    line.billed_cost::double as billed_cost,
    line.effective_cost::double as effective_cost,
    line.export,
    line.source,
    max(manifest.layout) as layout,
    sum(manifest.rows)::bigint as rows_in_file,
    max(manifest.digest) as digest,
    max(manifest.loaded_at) as loaded_at
from line
left join raw.billing_manifest as manifest
    on
        line.source = manifest.source
        and line.export = manifest.export
        and line.file = manifest.file
        and manifest.status = 'loaded'
group by all
order by line.file
