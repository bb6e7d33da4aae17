-- title: Delete read replicas that nobody has read from for {days} days
-- kind: database
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: A replica in the region of its source that waits as a standby.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No connection in 14 days: turbot's thrifty mods for databases (rds_db_instance_low_connections), here of replicas
-- only. CPU is not judged, as a replica works through what its source writes. AWS says of which instance one is a
-- replica, and Azure of which flexible server; Google Cloud and DigitalOcean don't, so their replicas are not seen
-- here. Readers of an Aurora cluster are left out: one without connections may be the standby. Left out, too, are
-- those in another region than their source, which wait for a disaster.
select
    replica.source,
    replica.cloud,
    replica.account,
    replica.region,
    replica.resource_id,
    replica.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    'a replica of ' || coalesce(json_extract_string(replica.config, '$.replica_of'), replica.member_of)
    || if(connections.missing is null, format(', no connection in {} days', $days), '')
    || costs(rate.cost_month, rate.currency) as reason,
    connections.missing
from marts.resource_now as replica
join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on replica.cloud = rate.cloud and replica.resource_id = rate.resource_id
where
    replica.kind = 'database'
    and replica.state = 'available'
    and (
        json_extract_string(replica.config, '$.replica_of') is not null
        or (replica.cloud = 'azure' and contains(replica.member_of, '/flexibleservers/'))
    )
    -- One that waits in another region is for a disaster; AWS then names its source by an ARN.
    and coalesce(json_extract_string(replica.config, '$.replica_of') not like 'arn:%', true)
    and not exists (
        select 1
        from marts.resource_now as primary_one
        where
            primary_one.kind = 'database'
            and replica.cloud = primary_one.cloud
            and replica.member_of = primary_one.resource_id
            and replica.region <> primary_one.region
    )
    and (connections.missing is not null or coalesce(connections.max, connections.avg) = 0)
