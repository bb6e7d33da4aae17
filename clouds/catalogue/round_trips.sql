-- One row per cloud and pair of its regions, `region` before `other`: milliseconds there and back, as measured. Both ends of
-- a pair have measured it; the longer one counts. What a region takes to reach itself is left out.
create or replace view round_trips_packaged as
with stated as (
    select
        'aws' as cloud,
        source.key as region,
        target.key as other,
        target.value::double as ms
    from measured_aws
    cross join json_each(measured_aws.data) as source
    cross join json_each(source.value) as target

    union all

    select
        'azure' as cloud,
        lower(replace(measured_azure.source, ' ', '')) as region, -- UK South is uksouth
        lower(replace(measured_azure.target, ' ', '')) as other,
        measured_azure.ms::double as ms
    from measured_azure

    union all

    select
        'gcp' as cloud,
        measured_gcp.sending_region as region,
        measured_gcp.receiving_region as other,
        measured_gcp.milliseconds::double as ms
    from measured_gcp
)

select
    stated.cloud,
    least(stated.region, stated.other) as region,
    greatest(stated.region, stated.other) as other,
    round(max(stated.ms), 1) as ms
from stated
where stated.region <> stated.other
group by all
order by all;
