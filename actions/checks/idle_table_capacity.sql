-- title: Pay by request for tables whose reserved capacity nobody uses
-- kind: table
-- verb: configure
-- risk: R5
-- param days: 14
-- harm: A load that comes back is paid by request, which is dearer if it is steady.
-- undo: Set capacity again; AWS allows such a change once in 24 hours.
-- blind: Reads of secondary indexes, so tables with any are left to a human.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- No read and no write in 14 days: AWS Compute Optimizer
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). What goes away is the capacity as
-- the bill tells it apart from storage and backups; a table that pays by request and gets none costs its storage
-- alone (https://aws.amazon.com/dynamodb/pricing/). CloudWatch measures consumption only while there is some, so hours
-- without a measurement are zero if measurements of the region were read. R5: the gate has no verb for a setting.
with capacity as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) filter (
            where regexp_matches(
                concat_ws(' ', meter.meter, meter.description), 'CapacityUnit-?Hrs|units? of (read|write) capacity', 'i'
            )
        )::double
        / nullif(sum(meter.cost_month), 0)::double as share
    from marts.resource_meter_rate as meter
    group by all
)

select
    base.source,
    base.cloud,
    base.account,
    base.region,
    base.resource_id,
    'reserved capacity' as before,
    'paid by request' as after,
    rate.currency,
    (rate.cost_month * capacity.share * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    (rate.cost_month * capacity.share)::decimal(38, 18) as saving_month_high,
    if(
        coalesce(reads.missing, writes.missing) is null,
        format('no read and no write in {} days', $days),
        'a table with reserved capacity'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    coalesce(
        reads.missing,
        writes.missing,
        if(
            coalesce(json_extract_string(base.config, '$.indexes'), '') <> '0',
            'whether its secondary indexes are read',
            null
        ),
        if(
            rate.cost_month is not null and capacity.share is null,
            'what its capacity costs: the bill does not tell it apart',
            null
        )
    ) as missing
from marts.resource_now as base
join evidence_of('read_units_s', $days) as reads using (source, cloud, account, resource_id)
join evidence_of('write_units_s', $days) as writes using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on base.cloud = rate.cloud and base.resource_id = rate.resource_id
left join capacity
    on rate.cloud = capacity.cloud and rate.resource_id = capacity.resource_id and rate.currency = capacity.currency
where
    base.kind = 'table'
    and base.state = 'active'
    and json_extract_string(base.config, '$.mode') = 'provisioned'
    and not coalesce(reads.max > 0, false)
    and not coalesce(writes.max > 0, false)
