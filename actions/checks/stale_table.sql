-- title: Export and delete tables that nobody has read or written for {days} days
-- kind: table
-- verb: delete
-- risk: R3
-- param days: 32
-- param export_gib_month: 0.023
-- blind: Reads of secondary indexes, so tables with any are left to a human; a table that is wanted once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- turbot's thrifty mods (dynamodb_table_stale_data, https://hub.steampipe.io/mods/turbot/aws_thrifty) ask for 90 days
-- without a change; 32 are as far back as we measure, here of reads as well. The low end gives away what an export of
-- the same size costs in object storage (https://aws.amazon.com/s3/pricing/), in dollars, and is zero in currencies
-- where that number is not nearly the same. Replicated tables are left out: what another region writes is not measured
-- here. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    base.state as before,
    'absent' as after,
    rate.currency,
    less_copy(rate.cost_month, rate.commitment_share, base.size_gib, $export_gib_month, rate.currency)
        as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        coalesce(reads.missing, writes.missing) is null,
        format('no read and no write in {} days', $days),
        'a table'
    )
    || coalesce(format(', {:.1f} GiB', base.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(
        reads.missing,
        writes.missing,
        if(
            coalesce(json_extract_string(base.config, '$.indexes'), '') <> '0',
            'whether its secondary indexes are read',
            null
        )
    ) as missing
from marts.resource_now as base
join evidence_of('read_units_s', $days) as reads using (source, cloud, account, resource_id)
join evidence_of('write_units_s', $days) as writes using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on base.cloud = rate.cloud and base.resource_id = rate.resource_id
where
    base.kind = 'table'
    and base.state = 'active'
    and coalesce(json_extract_string(base.config, '$.replicas') = '0', true)
    and json_extract_string(base.config, '$.protected') is distinct from 'true'
    and not coalesce(reads.max > 0, false)
    and not coalesce(writes.max > 0, false)
