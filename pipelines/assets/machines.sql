-- One row per machine whose CPU is measured, with the last hour that counts: its own last one, if that is not more
-- than `late` before the last of its place, else that of its place.
with own as (
    select
        metric.source,
        metric.cloud,
        metric.account,
        metric.resource_id,
        max(metric.hour) as hour
    from raw.metric as metric
    where metric.metric = 'cpu_percent' and metric.hour < getvariable('as_of')
    group by all
),

machine as (
    select
        resource.source,
        resource.cloud,
        resource.account,
        resource.resource_id,
        own.hour,
        max(own.hour) over (
            partition by resource.source, resource.cloud, resource.account, resource.region
        ) as last_of_place
    from marts.resource_now as resource
    join own using (source, cloud, account, resource_id)
    where resource.kind = 'instance' and resource.state = 'running'
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.resource_id,
    if(machine.hour >= machine.last_of_place - getvariable('late'), machine.hour, machine.last_of_place) as last_hour
from machine
order by all
