-- One row per billing month, account, service, currency and distinct set of tags.
-- group: cost
select
    date_trunc('month', focus.BillingPeriodStart)::date as month,
    focus.x_cloud as cloud,
    coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
    coalesce(focus.ServiceName, '(unknown)') as service,
    focus.BillingCurrency as currency,
    focus.ResourceId is not null as has_resource, -- taxes, fees and most credits have none
    if(json_valid(focus.Tags), focus.Tags, null) as tags, -- JSON object; null = none
    sum(focus.EffectiveCost) as effective_cost,
    sum(focus.BilledCost) as billed_cost,
    count(*) as lines
from raw.focus as focus
group by all
