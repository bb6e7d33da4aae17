-- One row per cloud, billing account and currency: how much of the usage of instances commitments covered in the last 30 days that are billed completely.
-- An account that is more than 45 days behind has none.
-- group: commitment
select
    daily.cloud,
    daily.billing_account,
    daily.currency,
    min(known.until)::date as until, -- the days before it
    sum(daily.usage_cost) as usage_cost, -- at on-demand prices
    sum(daily.covered_cost) as covered_cost,
    sum(daily.covered_cost) / nullif(sum(daily.usage_cost), 0) as coverage -- null = no such usage
from marts.commitment_daily as daily
join marts.account_billed_until as known
    on daily.cloud = known.cloud and daily.billing_account = coalesce(known.billing_account, '(unknown)')
where
    daily.day >= known.until::date - 30
    and daily.day < known.until::date
    and known.until >= getvariable('as_of') - interval 45 day
group by all
