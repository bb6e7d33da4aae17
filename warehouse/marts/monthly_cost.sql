-- One row per billing month, account, service, service category, region, charge category and currency.
-- group: cost
select
    daily.month, -- billing month: a late line counts in the month of its invoice
    daily.cloud,
    daily.provider,
    daily.billing_account,
    daily.account,
    daily.account_name,
    daily.service,
    daily.service_category,
    daily.region,
    daily.charge_category,
    daily.currency,
    sum(daily.billed_cost) as billed_cost,
    sum(daily.effective_cost) as effective_cost,
    sum(daily.list_cost) as list_cost,
    sum(daily.contracted_cost) as contracted_cost,
    sum(daily.lines)::bigint as lines
from marts.daily_cost as daily
group by all
