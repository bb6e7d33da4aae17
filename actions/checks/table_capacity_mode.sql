-- title: Pay by request for tables that use little of their reserved capacity
-- kind: table
-- verb: configure
-- risk: R5
-- param days: 14
-- param least_share: 0.15
-- param reserved_price_ratio: 0.2889
-- harm: A load that grows and is steady is dearer when it is paid by request.
-- undo: Set capacity again; AWS allows such a change once in 24 hours.
-- blind: A load that grows; reserved capacity that was bought for a year; secondary indexes, so tables with any are left out.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.max, resource.sku, resource.config, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.metric_quantiles as metric using (cloud, account,
-- evidence: resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days
--
-- Cheaper by 15 % or more over 14 days: our rule, catalogue DB-11. A unit of capacity that is used all hour long costs
-- 0.2889 of as many requests: 0.00065 USD an hour against 3,600 writes at 0.625 USD a million, and the same for reads
-- (https://aws.amazon.com/dynamodb/pricing/). So the same load by request costs the capacity's bill times its use over
-- 0.2889. Of reads and writes the better used one counts for both, which promises too little rather than too much.
-- Tables that get no request at all are another check's (idle_table_capacity). R5: the gate has no verb for a setting,
-- which AWS lets be changed once a day.
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
),

judged as (
    select
        base.*,
        greatest(
            reads.avg / nullif(reserved_reads.avg, 0), writes.avg / nullif(reserved_writes.avg, 0)
        ) as used_share,
        coalesce(reads.missing, writes.missing, reserved_reads.missing, reserved_writes.missing) as lacks
    from marts.resource_now as base
    join evidence_of('read_units_s', $days) as reads using (source, cloud, account, resource_id)
    join evidence_of('write_units_s', $days) as writes using (source, cloud, account, resource_id)
    join evidence_of('provisioned_read_units', $days) as reserved_reads using (source, cloud, account, resource_id)
    join evidence_of('provisioned_write_units', $days) as reserved_writes using (source, cloud, account, resource_id)
    where
        base.kind = 'table'
        and base.state = 'active'
        and json_extract_string(base.config, '$.mode') = 'provisioned'
        and json_extract_string(base.config, '$.indexes') = '0'
        and (coalesce(reads.max > 0, false) or coalesce(writes.max > 0, false))
),

priced as (
    select
        judged.*,
        rate.currency,
        rate.cost_month,
        rate.commitment_share,
        capacity.share,
        rate.cost_month::double * capacity.share * (1 - judged.used_share / $reserved_price_ratio) as saving
    from judged
    left join marts.resource_run_rate as rate
        on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
    left join capacity
        on rate.cloud = capacity.cloud and rate.resource_id = capacity.resource_id and rate.currency = capacity.currency
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    'reserved capacity' as before,
    'paid by request' as after,
    priced.currency,
    (priced.saving * (1 - coalesce(priced.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    priced.saving::decimal(38, 18) as saving_month_high,
    coalesce(format('{:.1f} % of its reserved capacity used in {} days', 100 * priced.used_share, $days), 'a table')
    || costs(priced.cost_month, priced.currency) as reason,
    coalesce(
        priced.lacks,
        if(
            priced.cost_month is not null and priced.share is null,
            'what its capacity costs: the bill does not tell it apart',
            null
        )
    ) as missing
from priced
where
    priced.lacks is not null
    or priced.used_share is null
    or priced.used_share <= $reserved_price_ratio * (1 - $least_share)
