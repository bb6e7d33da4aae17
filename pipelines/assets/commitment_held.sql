-- One row per commitment that the inventory knows: when it ends, what it covers, and how much of it lies idle.
with known as (
    select
        commitment.cloud,
        commitment.commitment_id,
        any_value(commitment.account) as account,
        any_value(commitment.region) as region,
        any_value(commitment.covers) as covers,
        any_value(commitment.currency) as currency,
        any_value(commitment.hourly_cost) as hourly_cost,
        any_value(commitment.quantity) as quantity,
        (max(commitment.ends_at) + interval 1 day - interval 1 microsecond)::date as ends_on
    from raw.commitment as commitment
    group by all
),

payer as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId) as account,
        arg_max(focus.BillingAccountId, focus.ChargePeriodStart) as billing_account
    from raw.focus as focus
    where focus.ChargePeriodStart >= getvariable('until')::date - interval 35 day
    group by all
)

select
    known.cloud,
    payer.billing_account, -- null = no bill names the account
    known.currency,
    known.commitment_id,
    known.ends_on, -- the first day without it; null = unknown
    known.region, -- null = any
    known.covers, -- null = any compute
    -- What is paid for nothing, at on-demand prices per hour: it would cover more if its scope let it.
    coalesce(
        owned.unused_cost::double / nullif(owned.used_cost::double, 0) * owned.covered_cost
        / (24 * greatest(owned.days, 1)), 0
    ) as idle_hour,
    -- One that no bill knows yet was bought lately.
    coalesce(owned.used_cost, 0) = 0 and coalesce(owned.covered_cost, 0) = 0 as is_unbilled,
    known.hourly_cost::double as hourly_cost, -- at committed rates; null = unknown
    known.quantity -- instances; null = an amount of money
from known
left join marts.commitment_owned as owned
    on known.cloud = owned.cloud and known.commitment_id = owned.commitment_id
left join payer on known.cloud = payer.cloud and known.account = payer.account
qualify -- one that is billed in two currencies is held once
    row_number() over (
        partition by known.cloud, known.commitment_id
        order by coalesce(owned.currency = known.currency, false) desc, owned.committed_cost desc nulls last
    ) = 1
order by all
