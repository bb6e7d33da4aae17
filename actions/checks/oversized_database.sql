-- title: Move databases to a class of half the size or less that still carries their peaks
-- kind: database
-- verb: resize
-- risk: R2
-- param days: 14
-- param cycle_days: 32
-- param cpu_percent: 80.0
-- param memory_percent: 80.0
-- param connections_percent: 80.0
-- param iops_percent: 80.0
-- param most_of_price: 0.5
-- blind: Network traffic, connection limits other than those of MySQL and PostgreSQL on AWS, parameters that were set
-- blind: for today's memory, and a peak that comes less than once in 32 days.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- At most 80 % of the new class at p99 of the hourly CPU maximum, at the memory maximum, at p99 of the disk operations
-- and of its connections: the headroom of AWS Compute Optimizer
-- (https://docs.aws.amazon.com/compute-optimizer/latest/APIReference/API_UtilizationPreference.html), over 14 days and
-- over 32 where they were measured. Memory that is not measured is `missing`: every smaller class has less. Only a
-- class that costs at most half is worth a failover: Azure Advisor halves vCores
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations), AWS's classes double. Classes: on
-- AWS those of the EC2 family of the same name
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html), on Azure the virtual
-- machine sizes of flexible servers and the vCores of Gen5 databases
-- (https://learn.microsoft.com/azure/azure-sql/database/resource-limits-vcore-single-databases), on Google Cloud as
-- many vCPUs as wanted with memory in the same proportion
-- (https://cloud.google.com/sql/docs/postgres/instance-settings). Within such a family the price is linear in size:
-- reserved RDS instances cover other sizes by normalized units
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithReservedDBInstances.html), Azure and Google
-- bill by vCore and GiB (https://azure.microsoft.com/pricing/details/postgresql/flexible-server/,
-- https://cloud.google.com/sql/pricing). It is not where AWS's price holds a licence of Oracle or SQL Server:
-- `missing`. Only what the bill charges by the hour shrinks, not storage, IOPS and backups. Burstable classes of AWS
-- must stay below their baseline on average
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html); Azure's burstable,
-- serverless and DTU classes are no ladder of this kind. Left out: members of clusters and pools and read replicas,
-- which must carry what their primary does. DigitalOcean can't shrink a database, and measures none.
with step as (
    select
        base.source,
        base.cloud,
        base.account,
        base.resource_id,
        case
            when base.cloud = 'aws'
                then regexp_extract(base.sku, '^db\.([a-z0-9]+)\.([0-9]*[a-z]+)$', ['family', 'size'])
        end as aws,
        case
            when base.cloud = 'azure' then regexp_extract(base.sku, '^(GP|BC)_Gen5_([0-9]+)$', ['family', 'vcores'])
        end as gen5,
        case
            when base.cloud = 'gcp'
                then
                    regexp_extract(
                        base.sku, '^db-(custom|n1-standard|n1-highmem|perf-optimized-N)-([0-9]+)(?:-([0-9]+))?$',
                        ['family', 'vcpus', 'mib']
                    )
        end as custom
    from marts.resource_now as base
    where
        base.kind = 'database'
        and base.state = 'available'
        and base.member_of is null
        and json_extract_string(base.config, '$.replica_of') is null
        and base.cloud in ('aws', 'azure', 'gcp')
),

-- What today's class has. Null = a class of no ladder.
sized as (
    select
        step.*,
        coalesce(
            machine.vcpus, try_cast(step.gen5.vcores as double), try_cast(step.custom.vcpus as double)
        ) as vcpus,
        coalesce(
            machine.memory_gib,
            try_cast(step.gen5.vcores as double) * 5.2,
            case step.custom.family
                when 'custom' then try_cast(step.custom.mib as double) / 1024
                when 'n1-standard' then try_cast(step.custom.vcpus as double) * 3.75
                when 'n1-highmem' then try_cast(step.custom.vcpus as double) * 6.5
                when 'perf-optimized-N' then try_cast(step.custom.vcpus as double) * 8
            end
        ) as memory_gib,
        machine.family as machine_family,
        machine.arch as machine_arch,
        coalesce(machine.burstable, false) as is_burstable
    from step
    join marts.resource_now as base using (source, cloud, account, resource_id)
    left join marts.offer as machine
        on
            step.cloud = machine.cloud
            and if(step.cloud = 'aws', step.aws.family || '.' || step.aws.size, base.sku) = machine.instance_type
            and not (step.cloud = 'azure' and coalesce(machine.burstable, false))
    where base.kind = 'database'
),

subject as (
    select
        base.source,
        base.cloud,
        base.account,
        base.region,
        base.resource_id,
        base.sku,
        base.config,
        json_extract_string(base.config, '$.engine') as engine,
        sized.* exclude (source, cloud, account, resource_id),
        greatest(cpu.p99_max, if(cycle_cpu.missing is null, cycle_cpu.p99_max, null)) as cpu_p99,
        greatest(cpu.avg, if(cycle_cpu.missing is null, cycle_cpu.avg, null)) as cpu_avg,
        greatest(memory.max, if(cycle_memory.missing is null, cycle_memory.max, null)) as memory_max,
        connections.max as connections_max,
        operations.p99_max as iops_p99,
        cpu.missing as cpu_missing,
        memory.missing as memory_missing
    from sized
    join marts.resource_now as base using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('cpu_percent', $cycle_days) as cycle_cpu using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $days) as memory using (source, cloud, account, resource_id)
    join evidence_of('memory_percent', $cycle_days) as cycle_memory using (source, cloud, account, resource_id)
    left join evidence_of('connections', $days) as connections using (source, cloud, account, resource_id)
    left join evidence_of('disk_ops_s', $days) as operations using (source, cloud, account, resource_id)
    where base.kind = 'database'
),

baseline (size, percent) as (
    -- Percent of a vCPU that earns as many credits as it uses, of t3 and t4g.
    values ('micro', 10), ('small', 20), ('medium', 20), ('large', 30), ('xlarge', 40), ('2xlarge', 40)
),

-- Smaller classes of the same ladder, and their price as a share of today's.
candidate as (
    select
        subject.source,
        subject.cloud,
        subject.account,
        subject.resource_id,
        if(subject.cloud = 'aws', 'db.', '') || offer.instance_type as sku,
        offer.vcpus,
        offer.memory_gib,
        offer.ebs_iops as iops,
        if(subject.is_burstable, baseline.percent, null) as baseline_percent,
        -- Linear in size: AWS's burstable sizes differ in memory only, Azure's largest have less than their share.
        if(subject.cloud = 'aws', offer.memory_gib / subject.memory_gib, offer.vcpus / subject.vcpus) as price_ratio
    from subject
    join marts.offer as offer
        on
            subject.cloud = offer.cloud
            and subject.machine_family = offer.family
            and subject.machine_arch = offer.arch
            and not coalesce(offer.bare_metal, false)
            and subject.memory_gib > offer.memory_gib
            and subject.vcpus >= offer.vcpus
    left join baseline on regexp_extract(offer.instance_type, '\.(.+)$', 1) = baseline.size
    where
        -- No database classes: the smallest, and machines with fewer cores than their size.
        offer.instance_type not like '%.nano'
        and not (subject.cloud = 'azure' and offer.instance_type like '%-%')
        and (not subject.is_burstable or (subject.machine_family in ('t3', 't4g') and baseline.percent is not null))

    union all

    select
        subject.source,
        subject.cloud,
        subject.account,
        subject.resource_id,
        subject.gen5.family || '_Gen5_' || size.vcores as sku,
        size.vcores as vcpus,
        size.vcores * 5.2 as memory_gib,
        null as iops,
        null as baseline_percent,
        size.vcores / subject.vcpus as price_ratio
    from subject
    cross join (
        values (2), (4), (6), (8), (10), (12), (14), (16), (18), (20), (24), (32), (40)
    ) as size (vcores)
    where subject.gen5.vcores <> '' and size.vcores < subject.vcpus

    union all

    select
        subject.source,
        subject.cloud,
        subject.account,
        subject.resource_id,
        format(
            'db-{}-{}{}', subject.custom.family, size.vcpus,
            if(
                subject.custom.family = 'custom',
                '-' || (size.vcpus * try_cast(subject.custom.mib as double) / subject.vcpus)::integer,
                ''
            )
        ) as sku,
        size.vcpus,
        size.vcpus * subject.memory_gib / subject.vcpus as memory_gib,
        null as iops,
        null as baseline_percent,
        size.vcpus / subject.vcpus as price_ratio
    from subject
    cross join (values (1), (2), (4), (8), (16), (32), (48)) as size (vcpus)
    where
        subject.custom.vcpus <> ''
        and size.vcpus < subject.vcpus
        and not (size.vcpus = 1 and subject.custom.family in ('n1-highmem', 'perf-optimized-N'))
        -- A custom class has at least 3.75 GiB, in steps of 256 MiB.
        and (
            subject.custom.family <> 'custom'
            or (
                size.vcpus * try_cast(subject.custom.mib as double) / subject.vcpus >= 3840
                and size.vcpus * try_cast(subject.custom.mib as double) / subject.vcpus % 256 = 0
            )
        )
),

-- Those that carry the CPU; of memory, connections and operations only what is measured.
carries as (
    select
        candidate.*,
        subject.memory_missing is null
        and subject.memory_max * subject.memory_gib / candidate.memory_gib <= $memory_percent
        and coalesce(candidate.iops * $iops_percent / 100 >= subject.iops_p99, true)
        and coalesce(
            -- Defaults of max_connections: bytes of memory divided by so many
            -- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html).
            subject.connections_max
            <= $connections_percent / 100 * candidate.memory_gib * 1073741824
            / case
                when subject.cloud = 'aws' and subject.engine in ('mysql', 'mariadb') then 12582880
                when subject.cloud = 'aws' and subject.engine = 'postgres' then 9531392
            end,
            true
        ) as is_enough
    from candidate
    join subject using (source, cloud, account, resource_id)
    where
        candidate.price_ratio <= $most_of_price + 0.001
        and subject.cpu_missing is null
        and subject.cpu_p99 * subject.vcpus / candidate.vcpus <= $cpu_percent
        and coalesce(
            subject.cpu_avg * subject.vcpus / candidate.vcpus <= candidate.baseline_percent,
            not subject.is_burstable
        )
),

smaller as materialized (
    select carries.*
    from carries
    where carries.is_enough
    qualify row_number() over (
        partition by carries.source, carries.cloud, carries.account, carries.resource_id
        order by carries.price_ratio asc, carries.sku asc
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
    -- Never zero, as beyond the highest hour measured a higher one may come: one in the hours of a month.
    select
        measured.source,
        measured.cloud,
        measured.account,
        measured.resource_id,
        greatest(count_if(coalesce(measured.is_over, false)) / count(*), 1 / 730.0) as probability
    from measured
    group by all
),

-- What is charged by the hour, and how much of that a commitment covers.
hourly as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month) as cost_month,
        sum(rate.cost_month::double * coalesce(rate.commitment_share, 0)) as committed_month
    from marts.resource_meter_rate as rate
    where rate.part = 'hours'
    group by all
)

select
    subject.source,
    subject.cloud,
    subject.account,
    subject.region,
    subject.resource_id,
    subject.sku as before,
    coalesce(smaller.sku, 'a smaller class') as after,
    hourly.currency,
    ((hourly.cost_month::double - hourly.committed_month) * (1 - smaller.price_ratio))::decimal(38, 18)
        as saving_month_low,
    (hourly.cost_month::double * (1 - smaller.price_ratio))::decimal(38, 18) as saving_month_high,
    overload.probability as overload_probability,
    coalesce(
        format(
            'CPU {:.0f} % and memory {:.0f} % of {} at their peaks; {} with {:g} vCPU and {:g} GiB carries that at '
            || '{:.0f} % CPU and {:.0f} % memory and costs {:.0f} % less by the hour',
            subject.cpu_p99, subject.memory_max, subject.sku, smaller.sku, smaller.vcpus::double,
            smaller.memory_gib::double, subject.cpu_p99 * subject.vcpus / smaller.vcpus,
            subject.memory_max * subject.memory_gib / smaller.memory_gib, 100 * (1 - smaller.price_ratio)
        ),
        format('CPU {:.0f} % of {} at its peaks', subject.cpu_p99, subject.sku),
        'runs on ' || coalesce(subject.sku, 'an unknown class')
    ) as reason,
    case
        when subject.cpu_missing is not null then subject.cpu_missing
        when subject.memory_missing is not null then subject.memory_missing
        when subject.cloud = 'aws' and regexp_matches(subject.engine, '^(oracle|sqlserver)')
            then 'what a smaller class of ' || subject.engine || ' costs with its licence'
        when hourly.cost_month is null then 'what its bill charges by the hour'
    end as missing
from subject
left join smaller using (source, cloud, account, resource_id)
left join overload using (source, cloud, account, resource_id)
left join hourly on subject.cloud = hourly.cloud and subject.resource_id = hourly.resource_id
where
    smaller.sku is not null
    -- Half of it would do for the CPU: worth saying what is missing.
    or (
        subject.vcpus is not null
        and (subject.cpu_missing is not null or subject.memory_missing is not null)
        and not coalesce(subject.cpu_p99 > $cpu_percent / 2, false)
    )
