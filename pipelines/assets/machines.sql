-- One row per machine whose CPU is measured, with the last hour that its account measured of any.
with last as (
    select
        metric.source,
        metric.cloud,
        metric.account,
        max(metric.hour) as hour
    from raw.metric as metric
    where metric.metric = 'cpu_percent' and metric.hour < getvariable('as_of')
    group by all
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.resource_id,
    last.hour as last_hour
from marts.resource_now as machine
join last using (source, cloud, account)
where machine.kind = 'instance' and machine.state = 'running'
order by all
