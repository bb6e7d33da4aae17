-- title: Switch off machines in the hours in which they do nothing every week
-- kind: instance
-- verb: schedule
-- risk: R2
-- param days: 32
-- param cpu_percent: 5.0
-- param network_bytes_s: 1000.0
-- param least_weeks: 3
-- param gap_hours: 4
-- param week_hours: 20
-- param billed_until_deleted: digitalocean
-- blind: Who wants to work at night from next week on.
-- evidence: select isodow(metric.hour) as weekday, hour(metric.hour) as hour_utc, count(distinct metric.hour) as weeks,
-- evidence: max(metric.max) filter (where metric.metric = 'cpu_percent') as cpu_percent_max, max(metric.max) filter
-- evidence: (where metric.metric = 'network_bytes_s') as network_bytes_s_max from raw.metric as metric where
-- evidence: metric.cloud = {cloud} and metric.account = {account} and metric.resource_id = {resource_id} and
-- evidence: metric.metric in ('cpu_percent', 'network_bytes_s') and metric.hour > (select max(newest.hour) - interval
-- evidence: 32 day from raw.metric as newest) group by all order by weekday, hour_utc
--
-- An hour of the week is idle if CPU stayed at or below 5 % and network at or below 1,000 B/s in it in every one of
-- the weeks of 32 days, at least three (of 14 days both): hystax/optscale (instances_for_shutdown.py) takes two weeks and one idle hour.
-- The machine runs on a span of days from one hour to another that holds every other hour, with one hour more at both
-- ends, as clocks change twice a year; it is off for at least 4 hours a day and 20 a week. The span is told in the
-- offset from UTC in which it is shortest (`mon-fri 07:00-19:00 UTC-5`). The saving is that share of the machine's own
-- bill: its disks and addresses are billed on. Left out: DigitalOcean, where a machine that is off is billed; members
-- of a group or cluster, which starts others in their place; machines that do nothing at all (idle_instance); sizes of
-- AWS and Google Cloud with local disks, whose content is lost; Spot machines of AWS, most of which can't be stopped
-- (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/stop-spot-instances.html); machines that a plan of ours gave a
-- schedule, which no inventory tells, until they were measured with it for as long as the check looks back. CPU and
-- network are measured on AWS, Azure, Google Cloud and on our own machines.
with scheduled as (
    select
        change.cloud,
        change.account,
        change.resource_id
    from actions.change as change
    where
        change.verb = 'schedule'
        and change.outcome in ('applied', 'already')
        and coalesce(change.applied_at, change.created_at) > getvariable('as_of') - to_days($days::integer)
    group by all
    having arg_max(change.after, coalesce(change.applied_at, change.created_at)) <> 'none'
),

machine as (
    select
        resource.*,
        coalesce(cpu.missing, network.missing) as lacks
    from marts.resource_now as resource
    join evidence_of('cpu_percent', $days) as cpu using (source, cloud, account, resource_id)
    join evidence_of('network_bytes_s', $days) as network using (source, cloud, account, resource_id)
    anti join scheduled using (cloud, account, resource_id)
    where
        resource.kind = 'instance'
        and resource.state = 'running'
        and resource.cloud <> $billed_until_deleted
        and json_extract_string(resource.config, '$.lifecycle') is distinct from 'spot'
        -- Of our own machines the host is what they are a member of.
        and (resource.member_of is null or resource.cloud = 'onprem')
        -- What is on a machine's local disks is lost when it is off.
        and not exists (
            select 1
            from marts.offer as offer
            where
                resource.cloud in ('aws', 'gcp')
                and resource.cloud = offer.cloud
                and resource.sku = offer.instance_type
                and offer.local_storage_gb > 0
        )
),

hourly as (
    select
        metric.cloud,
        metric.account,
        metric.resource_id,
        metric.hour,
        max(coalesce(metric.max, metric.avg)) filter (where metric.metric = 'cpu_percent') as cpu,
        max(coalesce(metric.max, metric.avg)) filter (where metric.metric = 'network_bytes_s') as network
    from raw.metric as metric
    semi join machine
        on
            metric.cloud = machine.cloud
            and metric.account = machine.account
            and metric.resource_id = machine.resource_id
            and machine.lacks is null
    where
        metric.metric in ('cpu_percent', 'network_bytes_s')
        and metric.hour >= getvariable('as_of') - to_days($days::integer)
        and metric.hour < getvariable('as_of')
    group by all
),

week as (
    select
        hourly.cloud,
        hourly.account,
        hourly.resource_id,
        (isodow(hourly.hour) - 1) * 24 + hour(hourly.hour) as hour_of_week,
        count(*) >= least($least_weeks, floor($days / 7))
        and coalesce(bool_and(hourly.cpu <= $cpu_percent and hourly.network <= $network_bytes_s), false)
        and count(hourly.cpu) = count(*)
        and count(hourly.network) = count(*) as is_idle
    from hourly
    group by all
),

profile as (
    select
        week.cloud,
        week.account,
        week.resource_id,
        list(week.hour_of_week) filter (where not week.is_idle) as busy
    from week
    group by all
    having
        count(*) = 168
        and count(*) filter (where week.is_idle) >= $week_hours
        and count(*) filter (where not week.is_idle) > 0
),

offsets as (select unnest(range(-11, 13)) as hours),

shifted as (
    select
        profile.*,
        offsets.hours as shift,
        list_transform(profile.busy, lambda each: (each + offsets.hours + 168) % 168) as local
    from profile
    cross join offsets
),

span as (
    select
        shifted.cloud,
        shifted.account,
        shifted.resource_id,
        shifted.shift,
        list_min(shifted.local) // 24 as first_day,
        list_max(shifted.local) // 24 as last_day,
        list_min(list_transform(shifted.local, lambda each: each % 24)) - 1 as wanted_from,
        list_max(list_transform(shifted.local, lambda each: each % 24)) + 2 as wanted_to,
        greatest(wanted_from, 0) as from_hour,
        least(wanted_to, 24) as to_hour,
        168 - (last_day - first_day + 1) * (to_hour - from_hour) as hours_off
    from shifted
    where 24 - (wanted_to - wanted_from) >= $gap_hours
    qualify
        row_number() over (
            partition by shifted.cloud, shifted.account, shifted.resource_id
            order by
                (last_day - first_day + 1) * (wanted_to - wanted_from) asc,
                wanted_from < 0 or wanted_to > 24 asc, -- the hour more at both ends counts
                abs(shifted.shift) asc,
                shifted.shift asc
        ) = 1
)

select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    'none' as before,
    coalesce(
        format(
            '{}-{} {:02d}:00-{:02d}:00 UTC{:+d}',
            ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][span.first_day + 1],
            ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][span.last_day + 1],
            span.from_hour,
            span.to_hour,
            span.shift
        ),
        'a schedule'
    ) as after,
    rate.currency,
    (rate.cost_month * span.hours_off / 168 * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18)
        as saving_month_low,
    (rate.cost_month * span.hours_off / 168)::decimal(38, 18) as saving_month_high,
    coalesce(format('could be off for {} of 168 hours, in which it did nothing in any week', span.hours_off), 'running')
    || costs(rate.cost_month, rate.currency) as reason,
    machine.lacks as missing
from machine
left join span using (cloud, account, resource_id)
left join marts.machine_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where
    machine.lacks is not null
    or span.hours_off >= $week_hours
