-- One row per commitment and currency that is owned now or was billed in the last 30 complete days: its use in those days, and its end.
-- Where a bill tells by the month what was not used (marts.commitment_month), the days are those of the last whole month.
-- group: commitment
with billed as (
    select
        cost.cloud,
        cost.commitment_id,
        cost.currency,
        sum(cost.committed_cost) as committed_cost,
        sum(cost.unused_cost) as unused_cost
    from marts.commitment_cost as cost
    join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join marts.commitment_month as month using (cloud, commitment_id, currency)
    where
        (month.cloud is null or month.ends_on is not null)
        and cost.day >= coalesce(month.starts_on, complete.until - interval 30 day)
        and cost.day < coalesce(month.ends_on, complete.until)
    group by all
),

covered as (
    select
        usage.cloud,
        usage.commitment_id,
        usage.currency,
        sum(usage.on_demand_cost) as covered_cost
    from marts.committable_usage as usage
    join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join marts.commitment_month as month using (cloud, commitment_id, currency)
    where
        usage.commitment_id is not null
        and usage.starts_at >= coalesce(month.starts_on, complete.until - interval 30 day)
        and usage.starts_at < coalesce(month.ends_on, complete.until)
    group by all
),

owned as (
    select
        commitment.cloud,
        commitment.commitment_id,
        commitment.currency,
        any_value(commitment.kind) as kind,
        any_value(commitment.account) as account,
        any_value(commitment.region) as region,
        any_value(commitment.covers) as covers,
        any_value(commitment.quantity) as quantity,
        any_value(commitment.hourly_cost) as hourly_cost,
        min(commitment.starts_at) as starts_at,
        max(commitment.ends_at) as ends_at
    from raw.commitment as commitment
    where commitment.ends_at >= getvariable('as_of') or commitment.ends_at is null
    group by all
),

named as (
    select
        owned.cloud,
        owned.commitment_id,
        owned.currency
    from owned
    union
    select
        billed.cloud,
        billed.commitment_id,
        billed.currency
    from billed
    union
    select
        covered.cloud,
        covered.commitment_id,
        covered.currency
    from covered
),

-- Where a bill keeps the fee apart from its use (Google Cloud): what was committed to in the days it was in force.
paid as (
    select
        named.*,
        coalesce(month.ends_on, complete.until, cloud.until) as known_until,
        coalesce(month.starts_on, complete.until - 30, cloud.until - 30) as known_from,
        greatest(date_diff('day', greatest(owned.starts_at::date, known_from), known_until), 0) as days,
        coalesce(billed.committed_cost, owned.hourly_cost * 24 * days)::decimal(38, 18) as cost
    from named
    left join owned using (cloud, commitment_id, currency)
    left join billed using (cloud, commitment_id, currency)
    left join marts.commitment_month as month using (cloud, commitment_id, currency)
    left join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join marts.billed_until as cloud on named.cloud = cloud.cloud -- of what no bill names
)

select
    paid.cloud,
    paid.commitment_id,
    paid.currency,
    owned.kind, -- null = only the bill tells of it
    owned.account,
    owned.region, -- null = any
    owned.covers, -- null = any compute, or unknown
    owned.quantity,
    owned.hourly_cost,
    owned.starts_at,
    owned.ends_at, -- null = unknown
    date_diff('day', getvariable('as_of')::date, owned.ends_at::date) as days_left,
    paid.known_until as until, -- the days before it
    paid.days, -- 30, or those of the month; fewer if it began since
    paid.cost as committed_cost, -- null = unknown
    (billed.committed_cost - billed.unused_cost)::decimal(38, 18) as used_cost, -- null = the bill does not say
    billed.unused_cost::decimal(38, 18) as unused_cost,
    (1 - billed.unused_cost::double / nullif(billed.committed_cost, 0)::double) as utilisation, -- null = unknown
    covered.covered_cost, -- what the usage it covered would have cost on demand; null = nothing, or no price
    covered.covered_cost - paid.cost::double as saved_cost -- below zero: it cost more than it gave
from paid
left join owned using (cloud, commitment_id, currency)
left join billed using (cloud, commitment_id, currency)
left join covered using (cloud, commitment_id, currency)
