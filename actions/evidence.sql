-- One row per resource, metric and window of days: what was measured, and what is missing to judge it.
-- `missing` is null where the resource is old enough and at least 80 % of its hours were measured.
with wanted as (
    select
        measure.kind,
        measure.metric,
        days.window_days
    from
        (
            values
            ('instance', 'cpu_percent'),
            ('instance', 'memory_percent'),
            ('instance', 'network_bytes_s'),
            ('instance', 'disk_ops_s'),
            ('database', 'cpu_percent'),
            ('database', 'memory_percent'),
            ('database', 'connections'),
            ('database', 'dtu_percent'),
            ('disk', 'disk_ops_s'),
            ('nat_gateway', 'network_bytes_s'),
            ('app_plan', 'cpu_percent'),
            ('app_plan', 'memory_percent'),
            ('document_account', 'requests_s'),
            ('document_account', 'request_units_s'),
            ('ml_endpoint', 'requests_s'),
            ('spanner', 'cpu_percent'),
            ('spanner', 'storage_percent'),
            ('bucket', 'requests_s'),
            ('bucket', 'stored_gib'),
            ('host', 'cpu_percent'),
            ('host', 'memory_percent'),
            ('database', 'disk_ops_s'),
            ('load_balancer', 'network_bytes_s'),
            ('scaling_group', 'cpu_percent'),
            ('scaling_group', 'network_bytes_s')
        ) as measure (kind, metric),
        (values (14), (32)) as days (window_days)
)

select
    resource.source,
    resource.cloud,
    resource.account,
    resource.resource_id,
    wanted.metric,
    wanted.window_days,
    measured.avg,
    measured.p95_max,
    measured.p97_max,
    measured.p99_max,
    measured.max,
    measured.hours_measured,
    case
        when resource.age_days is null then 'when it was created'
        when resource.age_days < wanted.window_days
            then format('{} days of life, it has {:.1f}', wanted.window_days, resource.age_days)
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
        and resource.resource_id = measured.resource_id
        and wanted.metric = measured.metric
        and wanted.window_days = measured.window_days
