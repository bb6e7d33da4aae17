-- title: Halve App Service plans that use less than a third of their machines
-- kind: app_plan
-- verb: resize
-- risk: R2
-- param days: 14
-- param cpu_percent: 30.0
-- param memory_percent: 40.0
-- blind: Rules of Azure Monitor that already change the number of machines, what is shorter than an hour's peak of a
-- blind: minute, and features that the smaller size lacks.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- CPU below 30 %: Azure Optimization Engine (https://github.com/microsoft/finops-toolkit, src/optimization-engine),
-- which also asks for memory below 50 %; ours is 40 %, so that half the machines are filled to 80 % at most. Azure
-- Advisor looks at 7 days, this at 14. Of several machines half go; of one, the next smaller size of its tier takes
-- its place, which has half of everything for half the price
-- (https://azure.microsoft.com/pricing/details/app-service/linux/). Left out: the smallest size, elastic plans and
-- those that are paid by use. Fewer machines are a setting (R5), a smaller size a restart (R2).
with measured as (
    select
        plan.*,
        try_cast(json_extract_string(plan.config, '$.workers') as integer) as workers,
        coalesce(cpu.missing, memory.missing) as lacks,
        cpu.p95_max as cpu_p95,
        memory.p99_max as memory_p99,
        regexp_extract(plan.sku, '^([BSPI])([23])(v[234])?$', 2) as size
    from marts.resource_now as plan
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
    where
        plan.kind = 'app_plan'
        and regexp_matches(json_extract_string(plan.config, '$.tier'), '^(basic|standard|premium|isolated)')
        and coalesce(json_extract_string(plan.config, '$.apps') <> '0', true)
        and coalesce(json_extract_string(plan.config, '$.autoscaling') <> 'true', true)
),

halved as (
    select
        measured.*,
        if(measured.workers > 1, (measured.workers + 1) // 2, measured.workers) as fewer,
        case
            when measured.workers > 1 then measured.sku
            when measured.size <> ''
                then regexp_replace(measured.sku, '[23]', (measured.size::integer - 1)::varchar)
        end as smaller,
        if(measured.workers > 1, 1 - fewer / measured.workers, 0.5) as share
    from measured
)

select
    halved.source,
    halved.cloud,
    halved.account,
    halved.region,
    halved.resource_id,
    if(halved.workers > 1, 'configure', 'resize') as verb,
    if(halved.workers > 1, format('{} machines of {}', halved.workers, halved.sku), halved.sku) as before,
    if(halved.workers > 1, format('{} machines of {}', halved.fewer, halved.sku), halved.smaller) as after,
    rate.currency,
    (rate.cost_month * halved.share * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_low,
    (rate.cost_month * halved.share)::decimal(38, 18) as saving_month_high,
    if(halved.workers > 1, 'R5', 'R2') as risk,
    if(
        halved.lacks is null,
        format(
            'in {} days CPU below {:.1f} % in 95 % of the hours, memory at most {:.1f} % in 99 %',
            $days, halved.cpu_p95, halved.memory_p99
        ),
        'an App Service plan'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    halved.lacks as missing
from halved
left join marts.resource_run_rate as rate
    on halved.cloud = rate.cloud and halved.resource_id = rate.resource_id
where
    halved.smaller is not null
    and (halved.lacks is not null or (halved.cpu_p95 < $cpu_percent and halved.memory_p99 < $memory_percent))
