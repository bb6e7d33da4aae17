-- One row per resource of a source that existed since the variable oldest, and the first hour that is missing.
-- Samples still arrive after their hour: the last hours that were read are read again. With the variable anew
-- it is all of them.
select
    resource.cloud,
    resource.account,
    resource.region,
    resource.resource_id,
    resource.kind,
    arg_max(resource.sku, resource.valid_from) as sku,
    greatest(
        getvariable('oldest'),
        date_trunc('hour', coalesce(min(resource.created_at), getvariable('oldest'))),
        if(
            not getvariable('anew') and min(resource.valid_from) <= any_value(known.read_at),
            least(any_value(known.until), getvariable('until')) - getvariable('late'),
            getvariable('oldest')
        )
    ) as since,
    arg_max(resource.config, resource.valid_from) as config
from raw.resource as resource
left join raw.read as known
    on
        resource.source = known.source
        and known.what = 'metrics'
        and resource.cloud = known.cloud
        and resource.account is not distinct from known.account
        and resource.region is not distinct from known.region
where
    resource.source = getvariable('source')
    and coalesce(resource.valid_to, getvariable('until')) > getvariable('oldest')
group by all
having since < getvariable('until')
order by all
