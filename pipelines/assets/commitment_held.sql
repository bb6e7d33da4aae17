-- One row per commitment that the inventory knows: when it ends, what it covers, and how much of it lies idle.
with known as (
    select
        commitment.cloud,
        commitment.commitment_id,
        any_value(commitment.region) as region,
        any_value(commitment.covers) as covers,
        max(commitment.ends_at)::date as ends_on
    from raw.commitment as commitment
    group by all
)

select
    known.cloud,
    known.commitment_id,
    known.ends_on, -- null = unknown
    known.region, -- null = any
    known.covers, -- null = any compute
    -- What is paid for nothing, at on-demand prices per hour: it would cover more if its scope let it.
    coalesce(
        owned.unused_cost::double / nullif(owned.used_cost::double, 0) * owned.covered_cost
        / (24 * greatest(least(date_diff('day', owned.starts_at::date, owned.until), 30), 1)), 0
    ) as idle_hour
from known
left join marts.commitment_owned as owned using (cloud, commitment_id)
order by all
