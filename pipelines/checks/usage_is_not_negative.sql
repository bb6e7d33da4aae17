-- Nobody uses less than nothing: a negative quantity is a correction that is not marked as one.
-- asset: raw/focus
select
    focus.x_file as file,
    focus.ServiceName as service,
    focus.BillingCurrency as currency,
    count(*) as lines,
    sum(focus.BilledCost) as billed_cost
from raw.focus as focus
where focus.ChargeCategory = 'Usage' and focus.ChargeClass is null and focus.ConsumedQuantity < 0
group by all
