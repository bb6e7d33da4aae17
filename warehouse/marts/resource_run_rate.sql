-- One row per cloud, resource and currency that was billed in the last 14 complete days: what it costs per month.
-- Usage only: a refund, a credit or a one-time fee is no rate. A month is 30.4375 days. Where resources of two accounts
-- have the same id, as hosts of one name may, no cost is told of either.
-- group: cost

-- Days are complete up to where all accounts are that were billed for it.
with known as (
    select
        daily.cloud,
        daily.resource_id,
        daily.currency,
        min(complete.until) as until
    from marts.resource_cost_daily as daily
    join marts.sub_account_billed_until as complete using (cloud, account)
    group by all
),

-- A day on which it was off, and cost nothing, counts; days before it was there don't.
billed as (
    select
        daily.cloud,
        daily.resource_id,
        daily.currency,
        sum(daily.usage_cost) filter (where daily.day >= complete.until - interval 14 day) as usage_cost,
        sum(daily.usage_list_cost) filter (where daily.day >= complete.until - interval 14 day) as usage_list_cost,
        sum(daily.commitment_cost) filter (where daily.day >= complete.until - interval 14 day) as commitment_cost,
        count(distinct daily.day) filter (where daily.day >= complete.until - interval 14 day) as days_billed,
        max(daily.day) as last_billed_day,
        date_diff('day', greatest(min(daily.day), complete.until - interval 14 day), complete.until) as days
    from marts.resource_cost_daily as daily
    join known as complete using (cloud, resource_id, currency)
    where
        daily.usage_cost is not null
        and daily.day < complete.until
    group by daily.cloud, daily.resource_id, daily.currency, complete.until
    having days_billed > 0
),

ambiguous as (
    select
        resource.cloud,
        resource.resource_id
    from marts.resource_now as resource
    group by all
    having count(distinct resource.account) > 1
)

select
    billed.cloud,
    billed.resource_id,
    billed.currency,
    round(billed.usage_cost::double / billed.days * 30.4375, 6)::decimal(38, 18) as cost_month,
    round(billed.usage_list_cost::double / billed.days * 30.4375, 6)::decimal(38, 18) as list_cost_month,
    -- Share of the cost that a commitment covers, which a smaller resource does not give back.
    coalesce(billed.commitment_cost, 0)::double / nullif(billed.usage_cost, 0)::double as commitment_share,
    billed.days_billed,
    billed.last_billed_day
from billed
left join ambiguous on billed.cloud = ambiguous.cloud and billed.resource_id = ambiguous.resource_id
where ambiguous.resource_id is null
