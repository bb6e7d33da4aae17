-- title: Move machines to the smallest size of their family that carries their load
-- kind: instance
-- verb: resize
-- risk: R2
-- param days: 14
-- param cycle_days: 32
-- param cpu_percent: 80.0
-- param memory_percent: 80.0
-- param network_percent: 80.0
-- param rule: headroom | balanced | safe | compute_optimizer | compute_optimizer_p95_30 | compute_optimizer_p90_0
-- param rule: azure_advisor | azure_advisor_user_facing | optscale | krr | vpa_target | vpa_upper
-- harm: It restarts once. Peaks beyond those that were measured slow it down, and by another rule than headroom also
-- harm: some that were measured: the overload says how often.
-- blind: How many disk operations a size can do, and a peak that comes less than once in 32 days; another rule than
-- blind: headroom looks back 14 days or less.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.vcpus, resource.memory_gib,
-- evidence: (select min(price.price_hour) from marts.price as price where price.cloud = resource.cloud and price.region
-- evidence: = resource.region and price.instance_type = resource.sku and price.os =
-- evidence: coalesce(json_extract_string(resource.config, '$.os'), 'linux') and price.price_type = 'on_demand' and
-- evidence: price.currency = rate.currency) as price_hour, {after} as after, fitting.vcpus as after_vcpus,
-- evidence: fitting.memory_gib as after_memory_gib, (select min(price.price_hour) from marts.price as price where
-- evidence: price.cloud = resource.cloud and price.region = resource.region and price.instance_type = {after} and
-- evidence: price.os = coalesce(json_extract_string(resource.config, '$.os'), 'linux') and price.price_type =
-- evidence: 'on_demand' and price.currency = rate.currency) as after_price_hour, sized.rule, sized.size_percent,
-- evidence: rate.cost_month, rate.currency from marts.metric_quantiles as metric join marts.resource_now as resource
-- evidence: using (cloud, account, resource_id) left join models.right_size as sized using (cloud, account,
-- evidence: resource_id) left join marts.machine_run_rate as rate using (cloud, resource_id) left join marts.offer as
-- evidence: fitting on resource.cloud = fitting.cloud and fitting.instance_type = {after} where metric.cloud = {cloud}
-- evidence: and metric.account = {account} and metric.resource_id = {resource_id} order by metric.metric,
-- evidence: metric.window_days, sized.rule
--
-- At most 80 % of the new size at p99 of the hourly CPU maximum, at the memory maximum and at p99 of the network: the
-- 20 % headroom of AWS Compute Optimizer
-- (https://docs.aws.amazon.com/compute-optimizer/latest/APIReference/API_UtilizationPreference.html). Over 14 days,
-- and over 32 where they were measured, so that a month's end counts. Same family: same architecture, hypervisor and
-- local disks; another family is another check. Without memory measurements only sizes with at least today's memory
-- are offered. Disk operations are not judged: no source says what a size can do. Left out are Spot machines of AWS,
-- which can't change their size
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-resize.html). With another `rule` the CPU needs
-- what that one says of the last 14 days (models.right_size), but never a size that it needed more than all of in 5 %
-- of the hours, as `overloaded_instance` would ask for more room then. `replay rightsizing` tells what each rule would
-- have saved and broken, and docs/models.md what they are.
with used as (
    select
        machine.*,
        coalesce(json_extract_string(machine.config, '$.os'), 'linux') as os,
        greatest(cpu.p99_max, if(cycle_cpu.missing is null, cycle_cpu.p99_max, null)) as cpu_p99,
        greatest(cpu.p95_max, if(cycle_cpu.missing is null, cycle_cpu.p95_max, null)) as cpu_p95,
        sized.size_percent as rule_percent,
        greatest(memory.max, if(cycle_memory.missing is null, cycle_memory.max, null)) as memory_max,
        network.p99_max * 8 / 1e9 as network_gbps,
        case
            when cpu.missing is not null then cpu.missing
            when $rule <> 'headroom' and sized.size_percent is null
                then
                    coalesce(
                        format('each hour of CPU for the rule {}: {}', $rule, sized.missing),
                        format('what the rule {} says of it; a run tells', $rule)
                    )
        end as cpu_missing,
        memory.missing as memory_missing
    from marts.resource_now as machine
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $cycle_days) as cycle_cpu using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $cycle_days) as cycle_memory using (source, cloud, account, resource_id)
    join evidence_of('network_bytes_s', $days) as network using (source, cloud, account, resource_id)
    left join models.right_size as sized
        on
            machine.source = sized.source
            and machine.cloud = sized.cloud
            and machine.account = sized.account
            and machine.resource_id = sized.resource_id
            and sized.rule = $rule
    where
        machine.kind = 'instance'
        and machine.state = 'running'
        and json_extract_string(machine.config, '$.lifecycle') is distinct from 'spot'
        -- A scaling group starts another in its place. Of our own machines the host is what they are a member of.
        and (machine.member_of is null or machine.cloud = 'onprem')
),

subject as (
    select
        used.*,
        -- Of today's CPU.
        if(
            $rule = 'headroom', used.cpu_p99 * 100 / $cpu_percent, greatest(used.rule_percent, used.cpu_p95)
        ) as cpu_needed
    from used
),

price as materialized (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.os,
        price.currency,
        min(price.price_hour) as price_hour
    from marts.price as price
    where price.price_type = 'on_demand' and price.price_hour > 0
    group by all
),

-- Sizes of the same family that hold no more vCPUs.
sibling as materialized (
    select
        now.cloud,
        now.instance_type as sku_now,
        now.vcpus as vcpus_now,
        now.memory_gib as memory_gib_now,
        candidate.instance_type as sku,
        candidate.vcpus,
        candidate.memory_gib,
        candidate.network_gbps
    from marts.offer as now
    join marts.offer as candidate
        on
            now.cloud = candidate.cloud
            and now.family = candidate.family
            and now.arch = candidate.arch
            and now.burstable is not distinct from candidate.burstable
            and coalesce(now.gpu_count, 0) = coalesce(candidate.gpu_count, 0)
            and coalesce(now.local_storage_gb, 0) <= coalesce(candidate.local_storage_gb, 0)
            and now.vcpus >= candidate.vcpus
    where (now.cloud, now.instance_type) in (select (subject.cloud, subject.sku) from subject)
),

-- Materialized: the price of each size of a region beside that of every other would be tens of millions of rows.
paid as materialized (
    select
        sibling.*,
        price.region,
        price.os,
        price.currency,
        price.price_hour
    from sibling
    join price on sibling.cloud = price.cloud and sibling.sku_now = price.sku
),

-- What each place and size could be instead, for less.
cheaper as materialized (
    select
        paid.* exclude (currency, price_hour),
        price.price_hour::double / paid.price_hour::double as price_ratio
    from paid
    join price
        on
            paid.cloud = price.cloud
            and paid.region = price.region
            and paid.os = price.os
            and paid.currency = price.currency
            and paid.sku = price.sku
            and paid.price_hour > price.price_hour
),

smaller as materialized (
    select
        subject.source,
        subject.cloud,
        subject.account,
        subject.resource_id,
        cheaper.sku,
        cheaper.vcpus,
        cheaper.memory_gib,
        cheaper.price_ratio
    from subject
    join cheaper
        on
            subject.cloud = cheaper.cloud
            and subject.region = cheaper.region
            and subject.os = cheaper.os
            and subject.sku = cheaper.sku_now
    where
        subject.cpu_missing is null
        and subject.cpu_needed * cheaper.vcpus_now / cheaper.vcpus <= 100
        and if(
            subject.memory_missing is null,
            subject.memory_max * cheaper.memory_gib_now / cheaper.memory_gib <= $memory_percent,
            cheaper.memory_gib >= cheaper.memory_gib_now
        )
        -- An unknown bandwidth stops nothing: most clouds name none for small sizes.
        and coalesce(subject.network_gbps <= cheaper.network_gbps * $network_percent / 100, true)
    qualify row_number() over (
        partition by subject.source, subject.cloud, subject.account, subject.resource_id
        order by
            cheaper.price_ratio asc, cheaper.vcpus desc, cheaper.memory_gib desc, cheaper.sku asc
    ) = 1
),

measured as (
    select
        smaller.source,
        smaller.cloud,
        smaller.account,
        smaller.resource_id,
        metric.hour,
        bool_or(
            (metric.metric = 'cpu_percent' and metric.max * subject.vcpus / smaller.vcpus > 100)
            or (metric.metric = 'memory_percent' and metric.max * subject.memory_gib / smaller.memory_gib > 100)
        ) as is_over
    from smaller
    join subject using (source, cloud, account, resource_id)
    join raw.metric as metric
        on
            smaller.cloud = metric.cloud
            and smaller.account = metric.account
            and smaller.resource_id = metric.resource_id
            and metric.hour >= getvariable('as_of') - to_days($cycle_days::integer)
            and metric.hour < getvariable('as_of')
    where metric.metric in ('cpu_percent', 'memory_percent')
    group by all
),

overload as (
    -- Share of hours in which what the machine used is more than the whole new size has; never zero, as beyond the
    -- highest hour measured a higher one may come: one in the hours of a month.
    select
        measured.source,
        measured.cloud,
        measured.account,
        measured.resource_id,
        greatest(count_if(coalesce(measured.is_over, false)) / count(*), 1 / 730.0) as probability
    from measured
    group by all
)

select
    subject.source,
    subject.cloud,
    subject.account,
    subject.region,
    subject.resource_id,
    subject.sku as before,
    coalesce(smaller.sku, subject.sku) as after,
    rate.currency,
    (rate.cost_month * (1 - smaller.price_ratio) * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18)
        as saving_month_low,
    (rate.cost_month * (1 - smaller.price_ratio))::decimal(38, 18) as saving_month_high,
    overload.probability as overload_probability,
    coalesce(
        format(
            'CPU {:.0f} %{} of {} at their peaks{}; '
            || '{} with {:g} vCPU and {:g} GiB {} at {:.0f} % CPU{} and costs {:.0f} % less',
            subject.cpu_p99,
            if(subject.memory_missing is null, format(' and memory {:.0f} %', subject.memory_max), ''),
            subject.sku,
            if(
                $rule = 'headroom',
                '',
                format(', the rule {} says that {:.0f} % of its CPU is enough', $rule, subject.rule_percent)
            ),
            smaller.sku,
            smaller.vcpus,
            smaller.memory_gib,
            if($rule = 'headroom', 'carries that', 'would then be'),
            subject.cpu_p99 * subject.vcpus / smaller.vcpus,
            if(
                subject.memory_missing is null,
                format(' and {:.0f} % memory', subject.memory_max * subject.memory_gib / smaller.memory_gib),
                ''
            ),
            100 * (1 - smaller.price_ratio)
        ),
        format('CPU {:.0f} % of {} at its peaks', subject.cpu_p99, subject.sku),
        format('runs on {}', subject.sku),
        'runs on an unknown size'
    ) as reason,
    case
        when smaller.sku is not null then null
        when subject.cpu_missing is not null then subject.cpu_missing
        when subject.vcpus is null then 'how many vCPUs ' || coalesce(subject.sku, 'it') || ' has'
        when price_now.price_hour is null then format('the price of {} in {}', subject.sku, subject.region)
        else subject.memory_missing || '; a monitoring agent would measure it'
    end as missing
from subject
left join smaller using (source, cloud, account, resource_id)
left join overload using (source, cloud, account, resource_id)
left join marts.machine_run_rate as rate
    on subject.cloud = rate.cloud and subject.resource_id = rate.resource_id
left join price as price_now
    on
        subject.cloud = price_now.cloud
        and subject.region = price_now.region
        and subject.sku = price_now.sku
        and subject.os = price_now.os
where
    smaller.sku is not null
    or subject.cpu_missing is not null
    -- It looks as if half of it would do: worth saying what is missing.
    or (
        subject.cpu_needed <= 50
        and subject.vcpus > 1
        and (subject.memory_missing is not null or price_now.price_hour is null)
    )
