-- One row per resource, metric and window of days: what was measured, and what is missing to judge it.
-- `missing` is null where the resource is old enough and at least 80 % of its hours were measured. Where a cloud
-- measures only while something happens, an hour without a measurement is zero, if measurements were read at all: the
-- mean is that of all hours, quantiles are at most what is told. What is measured in percent of a size counts from when
-- the resource got that size.
with wanted as (
    select
        measure.kind,
        measure.metric,
        days.window_days,
        coalesce(measure.silent_on, '') as silent_on
    from
        (
            values
            ('instance', 'cpu_percent', null),
            ('instance', 'memory_percent', null),
            ('instance', 'network_bytes_s', null),
            ('instance', 'disk_ops_s', null),
            ('database', 'cpu_percent', null),
            ('database', 'memory_percent', null),
            ('database', 'connections', null),
            ('disk', 'disk_ops_s', null),
            ('nat_gateway', 'network_bytes_s', null),
            ('container_service', 'cpu_percent', null),
            ('container_service', 'memory_percent', null),
            ('table', 'read_units_s', 'aws'),
            ('table', 'write_units_s', 'aws'),
            ('table', 'provisioned_read_units', null),
            ('table', 'provisioned_write_units', null),
            ('cache', 'cpu_percent', null),
            ('cache', 'commands_s', null),
            ('warehouse', 'cpu_percent', null),
            ('warehouse', 'connections', null),
            ('stream', 'records_in_s', 'aws'),
            ('stream', 'records_out_s', 'aws'),
            ('ml_endpoint', 'requests_s', 'aws'),
            ('spark_cluster', 'idle_share', null),
            ('file_share', 'io_bytes_s', 'aws'),
            ('database', 'dtu_percent', null),
            ('app_plan', 'cpu_percent', null),
            ('app_plan', 'memory_percent', null),
            ('document_account', 'requests_s', null),
            ('document_account', 'request_units_s', null),
            ('spanner', 'cpu_percent', null),
            ('spanner', 'storage_percent', null),
            ('bucket', 'requests_s', null),
            ('bucket', 'stored_gib', null),
            ('host', 'cpu_percent', null),
            ('host', 'memory_percent', null),
            ('database', 'disk_ops_s', null),
            ('load_balancer', 'network_bytes_s', null),
            ('scaling_group', 'cpu_percent', null),
            ('scaling_group', 'network_bytes_s', null)
        ) as measure (kind, metric, silent_on),
        (values (14), (32)) as days (window_days)
),

-- The places whose measurements have been read lately, all of them.
watched as (
    select distinct
        scope.source,
        scope.cloud,
        scope.account,
        scope.region
    from raw.read as scope
    where
        scope.what = 'metrics'
        and scope.failed is null
        and scope.until >= getvariable('as_of') - interval 2 day
),

resized as (
    select
        past.source,
        past.cloud,
        past.account,
        past.resource_id,
        past.kind,
        date_diff('second', max(past.valid_to), getvariable('as_of')) / 86400 as sized_days
    from raw.resource as past
    join marts.resource_now as resource using (source, cloud, account, resource_id, kind)
    where
        past.valid_to > getvariable('as_of') - interval 32 day
        and (
            past.sku <> resource.sku
            or json_extract_string(past.config, '$.workers') <> json_extract_string(resource.config, '$.workers')
            or json_extract_string(past.config, '$.processing_units')
            <> json_extract_string(resource.config, '$.processing_units')
        )
    group by all
)

select
    resource.source,
    resource.cloud,
    resource.account,
    resource.resource_id,
    wanted.metric,
    wanted.window_days,
    if(watched.source is null, measured.avg, coalesce(measured.avg * coalesce(measured.coverage, 1), 0)) as avg,
    if(watched.source is null, measured.p95_max, coalesce(measured.p95_max, 0)) as p95_max,
    if(watched.source is null, measured.p97_max, coalesce(measured.p97_max, 0)) as p97_max,
    if(watched.source is null, measured.p99_max, coalesce(measured.p99_max, 0)) as p99_max,
    if(watched.source is null, measured.max, coalesce(measured.max, 0)) as max,
    measured.hours_measured,
    case
        when resource.age_days is null then 'when it was created'
        when resource.age_days < wanted.window_days
            then format('{} days of life, it has {:.1f}', wanted.window_days, resource.age_days)
        when wanted.metric like '%\_percent' escape '\' and resized.sized_days < wanted.window_days
            then format('{} days at its size, which it has had for {:.1f}', wanted.window_days, resized.sized_days)
        when watched.source is not null then null
        when measured.hours_measured is null
            then format('any {} in the last {} days', wanted.metric, wanted.window_days)
        -- 30 hours: the least that AWS Compute Optimizer judges,
        -- https://docs.aws.amazon.com/compute-optimizer/latest/ug/requirements.html
        when measured.coverage < 0.8 or measured.hours_measured < 30
            then format(
                '{} in 80 % of the hours of {} days, there are {:.0f} %',
                wanted.metric, wanted.window_days, 100 * measured.coverage
            )
    end as missing
from marts.resource_now as resource
join wanted on resource.kind = wanted.kind
left join marts.metric_quantiles as measured
    on
        resource.cloud = measured.cloud
        and resource.account = measured.account
        and resource.resource_id = measured.resource_id
        and wanted.metric = measured.metric
        and wanted.window_days = measured.window_days
left join watched
    on
        resource.source = watched.source
        and resource.cloud = watched.cloud
        and resource.account = watched.account
        and resource.region = watched.region
        and resource.cloud = wanted.silent_on
left join resized
    on
        resource.source = resized.source
        and resource.cloud = resized.cloud
        and resource.account = resized.account
        and resource.resource_id = resized.resource_id
        and resource.kind = resized.kind
