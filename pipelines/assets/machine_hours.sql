-- One row per machine and hour of the last so many: CPU in percent of the present size.
select
    machine.number as machine,
    getvariable('hours') - 1 - date_diff('hour', metric.hour, machine.last_hour) as hour,
    metric.max as cpu_max,
    metric.avg as cpu_avg
from raw.metric as metric
join machine using (source, cloud, account, resource_id)
where
    metric.metric = 'cpu_percent'
    and metric.hour <= machine.last_hour
    and metric.hour > machine.last_hour - to_hours(getvariable('hours'))
