-- Every charge line names its currency, its billing period and its day.
-- asset: raw/focus
-- blocking: true
select
    focus.x_file as file,
    focus.BillingAccountId as billing_account,
    count(*) as lines
from raw.focus as focus
where
    focus.BillingCurrency is null
    or focus.BillingPeriodStart is null
    or focus.ChargePeriodStart is null
group by all
