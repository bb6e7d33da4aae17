-- What checks and their rules share; made for the time in which they run. `evidence` is the table of evidence.sql.

-- Of one metric and the last 14 or 32 days: one row per resource whose kind has that metric.
create or replace temp macro evidence_of(metric_name, days) as table
    select * from temp.evidence
    where evidence.metric = metric_name and evidence.window_days = days;

-- The end of a reason; empty where no cost is known.
create or replace temp macro costs(cost_month, unit) as
coalesce(format(', costs {:.2f} {} a month', cost_month::double, unit), '');

-- The low end of what comes back if a resource goes: what a commitment covers does not.
create or replace temp macro uncommitted(cost_month, commitment_share) as
(cost_month * (1 - coalesce(commitment_share, 0)))::decimal(38, 18);

-- The low end if a copy is kept, such as a last snapshot. What a GiB of it costs a month is known in dollars, and about
-- the same in currencies near the dollar; in any other the low end is zero.
create or replace temp macro less_copy(cost_month, commitment_share, size_gib, gib_month, unit) as
case
    when cost_month is null then null
    when unit in ('USD', 'EUR', 'GBP', 'CHF')
        then greatest(
            uncommitted(cost_month, commitment_share)::double - coalesce(size_gib, 0) * gib_month, 0
        )
    else 0
end::decimal(38, 18);

-- Part of an amount; all of it is the amount to its last digit.
create or replace temp macro part_of(amount, part) as if(part = 1, amount, (amount * part)::decimal(38, 18));

-- The disk of a cloud that a volume of Kubernetes lies on, once for each source that reads it. A volume names it as the
-- cloud does; on Google Cloud by its name, where the inventory's id is a number.
create or replace temp macro disk_of_volume() as table
    with disk as (
        select
            known.*,
            lower(known.resource_id) as handle
        from marts.resource_now as known
        where known.kind = 'disk'

        union all

        select
            known.*,
            lower(
                if(
                    known.zone is null,
                    format('projects/{}/regions/{}/disks/{}', known.account, known.region, known.name),
                    format('projects/{}/zones/{}/disks/{}', known.account, known.zone, known.name)
                )
            ) as handle
        from marts.resource_now as known
        where known.kind = 'disk' and known.cloud = 'gcp'
    )

    select
        volume.source,
        volume.account,
        volume.resource_id,
        volume.state,
        disk.source as disk_source,
        disk.cloud as disk_cloud,
        disk.account as disk_account,
        disk.region as disk_region,
        disk.resource_id as disk_id,
        disk.state as disk_state,
        disk.attached_to as disk_attached_to
    from marts.resource_now as volume
    join disk on lower(json_extract_string(volume.config, '$.handle')) = disk.handle
    where volume.kind = 'volume' and volume.cloud = 'kubernetes';
