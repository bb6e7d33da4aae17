-- One row per commitment and currency that is owned now or was billed in the last 30 complete days: its use in those days, and its end.
-- Where a bill tells by the month what was not used (marts.commitment_month), the days are those of the last whole month.
-- group: commitment
with billed as (
    select
        cost.cloud,
        cost.commitment_id,
        cost.currency,
        -- Nothing is committed to for nothing: such a bill (Azure's actual cost) has the fee elsewhere.
        nullif(sum(cost.committed_cost) filter (where is_whole), 0) as committed_cost,
        sum(cost.unused_cost) filter (where is_whole) as unused_cost,
        -- What was not used at all covers nothing.
        coalesce(
            sum(cost.on_demand_cost)::double,
            if(sum(cost.unused_cost) = nullif(sum(cost.committed_cost), 0), 0, null)
        ) as covered_cost,
        sum(cost.unpriced_cost) as unpriced_cost
    from (
        select
            cost.*,
            month.cloud is null or month.ends_on is not null as is_whole
        from marts.commitment_cost as cost
        join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
        left join marts.commitment_month as month using (cloud, commitment_id, currency)
        where
            cost.day >= coalesce(month.starts_on, complete.until - interval 30 day)
            and cost.day < coalesce(month.ends_on, complete.until)
    ) as cost
    group by all
),

-- Google Cloud's bill names what is covered in credits alone.
granted as (
    select
        usage.cloud,
        usage.commitment_id,
        usage.currency,
        sum(usage.on_demand_cost) as covered_cost
    from marts.committable_usage as usage
    join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join marts.commitment_cost as named using (cloud, commitment_id, currency)
    where
        named.commitment_id is null
        and usage.starts_at >= complete.until - interval 30 day
        and usage.starts_at < complete.until
    group by all
),

-- What the bill says of money counts, in its currency: some clouds tell none of what is owned, or that of the price list.
bill as (
    select
        billed.cloud,
        billed.commitment_id,
        billed.currency
    from billed
    union
    select
        granted.cloud,
        granted.commitment_id,
        granted.currency
    from granted
),

owned as (
    select
        commitment.cloud,
        commitment.commitment_id,
        coalesce(bill.currency, commitment.currency) as currency,
        any_value(commitment.kind) as kind,
        any_value(commitment.account) as account,
        any_value(commitment.region) as region,
        any_value(commitment.covers) as covers,
        any_value(commitment.quantity) as quantity,
        any_value(commitment.hourly_cost) filter (where coalesce(bill.currency = commitment.currency, true))
            as hourly_cost,
        min(commitment.starts_at) as starts_at,
        max(commitment.ends_at) as ends_at,
        (max(commitment.ends_at) + interval 1 day - interval 1 microsecond)::date as ends_on -- the first day without it
    from raw.commitment as commitment
    left join bill using (cloud, commitment_id)
    group by all
),

named as (
    select
        owned.cloud,
        owned.commitment_id,
        owned.currency
    from owned
    where owned.ends_at >= getvariable('as_of') or owned.ends_at is null
    union
    select bill.* from bill
),

-- Where a bill keeps the fee apart from its use (Google Cloud): what was committed to in the days it was in force.
paid as (
    select
        named.*,
        owned.* exclude (cloud, commitment_id, currency),
        coalesce(month.ends_on, complete.until, cloud.until) as known_until,
        coalesce(month.starts_on, complete.until - 30, cloud.until - 30) as known_from,
        greatest(
            date_diff('day', greatest(owned.starts_at::date, known_from), least(known_until, owned.ends_on)), 0
        ) as days,
        coalesce(billed.committed_cost, owned.hourly_cost * 24 * days)::decimal(38, 18) as cost,
        coalesce(billed.covered_cost, granted.covered_cost) as on_demand_cost
    from named
    left join billed using (cloud, commitment_id, currency)
    left join granted using (cloud, commitment_id, currency)
    left join marts.commitment_month as month using (cloud, commitment_id, currency)
    left join marts.commitment_billed_until as complete using (cloud, commitment_id, currency)
    left join owned
        on
            named.cloud = owned.cloud
            and named.commitment_id = owned.commitment_id
            and named.currency is not distinct from owned.currency
    left join marts.billed_until as cloud on named.cloud = cloud.cloud -- of what no bill names
)

select
    paid.cloud,
    paid.commitment_id,
    paid.currency, -- of the bill; null = no bill names it, and the cloud does not say
    paid.kind, -- null = only the bill tells of it
    paid.account,
    paid.region, -- null = any
    paid.covers, -- null = any compute, or unknown
    paid.quantity,
    paid.hourly_cost, -- null = unknown in that currency
    paid.starts_at,
    paid.ends_at, -- null = unknown
    date_diff('day', getvariable('as_of')::date, paid.ends_at::date) as days_left, -- below zero: it has ended
    paid.known_until as until, -- the days before it
    paid.days, -- 30, or those of the month; fewer if it began or ended since
    paid.cost as committed_cost, -- null = unknown
    (billed.committed_cost - billed.unused_cost)::decimal(38, 18) as used_cost, -- null = the bill does not say
    if(billed.committed_cost is null, null, billed.unused_cost)::decimal(38, 18) as unused_cost,
    (1 - billed.unused_cost::double / nullif(billed.committed_cost, 0)::double) as utilisation, -- null = unknown
    paid.on_demand_cost as covered_cost, -- what its usage would have cost on demand; null = no price
    -- Null = unknown, as there is no price of all that it covers; below zero: it cost more than it gave.
    if(billed.unpriced_cost > 0, null, paid.on_demand_cost - paid.cost::double) as saved_cost
from paid
left join billed using (cloud, commitment_id, currency)
