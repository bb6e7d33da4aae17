-- One row per cloud, resource and currency that was billed in the last 14 complete days: what it costs per month.
-- Usage only: a refund, a credit or a one-time fee is no rate. A month is 30.4375 days. Where resources of two accounts
-- have the same id, as hosts of one name may, no cost is told of either; where the inventory knows the one of them only,
-- its account's bill counts. Days before it got the size that it has are not counted: it costs something else since.
-- group: cost
with held as (
    select
        resource.cloud,
        resource.resource_id,
        min(resource.account) as account,
        count(distinct resource.account) > 1 as is_ambiguous
    from marts.resource_now as resource
    group by all
),

-- An account that the bill does not know, or calls otherwise, says nothing about whose lines they are.
paying as (
    select
        daily.cloud,
        daily.resource_id,
        held.is_ambiguous,
        any_value(held.account) filter (where daily.account = held.account) as account
    from marts.resource_cost_daily as daily
    left join held using (cloud, resource_id)
    group by all
),

charged as (
    select
        daily.*,
        paying.account as paid_by
    from marts.resource_cost_daily as daily
    join paying using (cloud, resource_id)
    where not coalesce(paying.is_ambiguous, false) and daily.account = coalesce(paying.account, daily.account)
),

resized as (
    select
        past.cloud,
        past.resource_id,
        max(past.valid_to)::date as day
    from raw.resource as past
    join marts.resource_now as resource using (source, cloud, account, resource_id)
    where past.sku <> resource.sku or (resource.kind = 'disk' and past.size_gib <> resource.size_gib)
    group by all
),

-- Days are complete up to where all accounts are that were billed for it.
known as (
    select
        daily.cloud,
        daily.resource_id,
        daily.currency,
        daily.paid_by,
        min(complete.until) as until,
        -- A day on which it was off, and cost nothing, counts; days before it was there don't.
        greatest(
            min(daily.day) filter (where daily.usage_cost is not null), min(complete.until) - 14, max(resized.day) + 1
        ) as first_day
    from charged as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    left join resized on daily.cloud = resized.cloud and daily.resource_id = resized.resource_id
    group by all
),

billed as (
    select
        known.*,
        date_diff('day', known.first_day, known.until) as days,
        sum(daily.usage_cost) filter (where daily.day >= known.first_day) as usage_cost,
        sum(daily.usage_list_cost) filter (where daily.day >= known.first_day) as usage_list_cost,
        sum(daily.commitment_cost) filter (where daily.day >= known.first_day) as commitment_cost,
        count(distinct daily.day) filter (where daily.day >= known.first_day) as days_billed,
        max(daily.day) as last_billed_day
    from charged as daily
    join known using (cloud, resource_id, currency)
    where daily.usage_cost is not null and daily.day < known.until
    group by all
    having days_billed > 0
)

select
    billed.cloud,
    billed.resource_id,
    billed.currency,
    (billed.usage_cost::double / billed.days * 30.4375)::decimal(38, 6)::decimal(38, 18) as cost_month,
    (billed.usage_list_cost::double / billed.days * 30.4375)::decimal(38, 6)::decimal(38, 18) as list_cost_month,
    -- Share of the cost that a commitment covers, which a smaller resource does not give back.
    greatest(least(coalesce(billed.commitment_cost, 0)::double / nullif(billed.usage_cost, 0)::double, 1), 0)
        as commitment_share,
    billed.days_billed,
    billed.last_billed_day,
    billed.first_day, -- the days that count: from here
    billed.until, -- to here, exclusive
    billed.paid_by as account -- whose bill counts; null = of whoever is billed, as the inventory does not say
from billed
