-- One row per day, billing month, account, service, service category, region, charge category, charge class and currency.
-- group: cost
select
    focus.ChargePeriodStart::date as day, -- day on which the charge begins, UTC
    date_trunc('month', focus.BillingPeriodStart)::date as month, -- billing month: the one of the invoice
    focus.x_cloud as cloud,
    coalesce(focus.ServiceProviderName, focus.ProviderName) as provider,
    focus.BillingAccountId as billing_account,
    coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
    -- The name beside that id: DigitalOcean's bills name projects of an account, and give them no id.
    if(focus.SubAccountId is null, focus.BillingAccountName, focus.SubAccountName) as account_name,
    coalesce(focus.ServiceName, '(unknown)') as service,
    focus.ServiceCategory as service_category,
    coalesce(focus.RegionId, 'global') as region,
    coalesce(focus.ChargeCategory, '(unknown)') as charge_category, -- Usage, Purchase, Tax, Credit, Adjustment
    focus.ChargeClass as charge_class, -- Correction of what was billed before, as refunds are; null = a charge of its own
    focus.BillingCurrency as currency,
    sum(focus.BilledCost) as billed_cost, -- what is invoiced
    sum(focus.EffectiveCost) as effective_cost, -- what it cost, prepayments spread over their use
    sum(focus.ListCost) as list_cost, -- at public prices; null = the provider does not say
    sum(focus.ContractedCost) as contracted_cost, -- at negotiated prices
    count(*) as lines -- rows of raw.focus behind it
from raw.focus as focus
group by all
