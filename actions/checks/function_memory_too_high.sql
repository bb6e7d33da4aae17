-- title: Give functions no more memory than they use
-- kind: function
-- verb: configure
-- risk: R5
-- money: share
-- param days: 14
-- param used_percent: 50.0
-- param headroom_percent: 80.0
-- param least_mib: 128
-- param least_requests: 50
-- param least_cost_month: 5.0
-- harm: It runs longer, as CPU comes with memory, and fails where it needs more than was measured.
-- undo: Set the memory back; it holds from the next call on.
-- blind: How much longer it takes: less memory is less CPU, too. Try it in steps, with its latency in sight.
-- evidence: select meter.unit, meter.meter, meter.description, meter.quantity, meter.cost_month, meter.currency,
-- evidence: memory.window_days, memory.hours_measured, memory.max as memory_percent_max, resource.sku, resource.state,
-- evidence: resource.age_days, resource.config, resource.tags from marts.resource_now as resource left join
-- evidence: marts.resource_meter_rate as meter using (cloud, resource_id) left join marts.metric_quantiles as memory
-- evidence: on resource.cloud = memory.cloud and resource.account = memory.account and resource.resource_id =
-- evidence: memory.resource_id and memory.metric = 'memory_percent' where resource.cloud = {cloud} and
-- evidence: resource.account = {account} and resource.resource_id = {resource_id}
--
-- AWS only. Less than half of the memory used at the highest of 14 days, and at least 50 invocations: our limits, from
-- catalogue SRV-01; AWS Compute Optimizer judges Lambda functions from 50 invocations in 14 days on
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/requirements.html). What a function uses only Lambda
-- Insights measures (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights.html); where it is
-- off the row says so, of functions whose memory costs at least 5 a month. So it does where Insights is on for part of
-- the hours with calls only, and where the memory was changed since, as it is measured in percent. The new size leaves 20 % of it free, in
-- steps of 64 MiB. The high end is that share of what the bill charges for GB-seconds; the low end is zero, as a
-- function with less CPU may take as much longer. R5: the gate has no verb for a setting.
with billed as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) filter (where rate.part = 'memory_seconds') as cost_month,
        sum(
            rate.quantity
            -- `1000000 Requests` counts millions.
            * coalesce(try_cast(nullif(regexp_extract(rate.unit, '^([0-9]+)', 1), '') as double), 1)
        ) filter (where rate.part = 'requests') as requests
    from marts.resource_meter_rate as rate
    group by all
),

judged as (
    select
        func.*,
        try_cast(json_extract_string(func.config, '$.memory_mib') as double) as mib,
        memory.max as used,
        memory.hours_measured / nullif(calls.hours_measured, 0) as told_share,
        if(
            memory.max is null, null, greatest(ceil(mib * memory.max / $headroom_percent / 64) * 64, $least_mib)
        ) as wanted_mib,
        billed.currency,
        billed.cost_month,
        billed.requests
    from marts.resource_now as func
    join billed on func.cloud = billed.cloud and func.resource_id = billed.resource_id
    left join marts.metric_quantiles as memory
        on
            func.cloud = memory.cloud
            and func.account = memory.account
            and func.resource_id = memory.resource_id
            and memory.metric = 'memory_percent'
            and memory.window_days = $days
    left join marts.metric_quantiles as calls
        on
            func.cloud = calls.cloud
            and func.account = calls.account
            and func.resource_id = calls.resource_id
            and calls.metric = 'requests_s'
            and calls.window_days = $days
    where func.kind = 'function' and func.cloud = 'aws'
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    coalesce(format('{:.0f} MiB', judged.mib), 'unknown') as before,
    coalesce(format('{:.0f} MiB', judged.wanted_mib), 'less memory') as after,
    judged.currency,
    0::decimal(38, 18) as saving_month_low,
    (judged.cost_month::double * (1 - judged.wanted_mib / judged.mib))::decimal(38, 18) as saving_month_high,
    coalesce(
        format('used {:.0f} % of {:.0f} MiB at its highest in {} days', judged.used, judged.mib, $days),
        'has ' || coalesce(format('{:.0f} MiB', judged.mib), 'memory')
    )
    || format('; its GB-seconds cost {:.2f} {} a month', judged.cost_month::double, judged.currency) as reason,
    case
        when judged.mib is null then 'how much memory it has'
        when judged.used is null then 'how much memory it uses: Lambda Insights is off'
        when
            exists (
                select 1
                from raw.resource as past
                where
                    past.kind = 'function'
                    and judged.source = past.source
                    and judged.account = past.account
                    and judged.resource_id = past.resource_id
                    and json_extract_string(past.config, '$.memory_mib')::double <> judged.mib
                    and past.valid_to > getvariable('as_of') - to_days($days::integer)
            )
            then format('{} days with the memory that it has, which was changed since', $days)
        when judged.told_share < 0.8
            then format(
                'how much memory it used in 80 % of the hours with calls, there are {:.0f} %', 100 * judged.told_share
            )
        when judged.requests is null then 'how often it was called: its bill names no requests'
    end as missing
from judged
where
    (judged.mib is null or judged.mib > $least_mib)
    and (judged.requests is null or judged.requests >= $least_requests)
    and judged.cost_month >= $least_cost_month
    and (judged.used is null or (judged.used < $used_percent and judged.wanted_mib < judged.mib))
