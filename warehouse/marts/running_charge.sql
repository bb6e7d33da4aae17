-- One row per account, service and currency with charges for the whole month, such as taxes and support, that grow with
-- the running month of the account's bill: what is still to come of them.
-- Whether they grow, or are a fee that is there in full from its first day, the last two months tell: the amount so far is
-- nearer to the part of theirs that is over, or to the whole. What is to come goes by the pace of this month as far as it
-- is over, and else by that of the last ones.
-- group: cost
with over as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        date_trunc('month', max(focus.ChargePeriodStart))::date as month,
        day(max(focus.ChargePeriodStart)) / day(last_day(month))::double as share -- of the month that is billed
    from raw.focus as focus
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodEnd <= focus.ChargePeriodStart + interval 25 hour
        and focus.ChargePeriodStart <= getvariable('as_of')
    group by all
),

charge as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        focus.ChargeCategory as category,
        focus.ChargePeriodStart::date as first_day,
        focus.EffectiveCost::double as cost
    from raw.focus as focus
    join marts.billing_rhythm as rhythm
        on focus.x_cloud = rhythm.cloud and focus.BillingAccountId is not distinct from rhythm.billing_account
    where
        rhythm.is_daily
        and focus.BillingCurrency is not null
        and focus.ChargeClass is null
        and focus.ChargePeriodEnd > focus.ChargePeriodStart + interval 25 hour
        and day(focus.ChargePeriodStart) = 1
),

monthly as (
    select
        charge.cloud,
        charge.account,
        charge.service,
        charge.currency,
        over.month,
        over.share,
        coalesce(sum(charge.cost) filter (where charge.first_day = over.month), 0) as so_far,
        coalesce(sum(charge.cost) filter (where charge.first_day = over.month - interval 1 month), 0) as last_month,
        sum(charge.cost) filter (where charge.first_day < over.month)
        / count(distinct charge.first_day) filter (where charge.first_day < over.month) as before
    from charge
    join over using (cloud, account)
    where charge.first_day between over.month - interval 2 month and over.month
    group by charge.cloud, charge.account, charge.service, charge.currency, charge.category, over.month, over.share
)

select
    monthly.cloud,
    monthly.account,
    monthly.service,
    monthly.currency,
    monthly.month, -- the last one with usage on the account's bill
    sum((1 - monthly.share) * (monthly.so_far + (1 - monthly.share) * monthly.before)) as owed, -- still to come of it
    -- Of last month's, what had not come by the day up to which this one is billed.
    sum((1 - monthly.share) * monthly.last_month) as last_month_owed
from monthly
where
    monthly.so_far * monthly.before > 0
    -- In logarithms, nearer to the share than to 1.
    and pow(monthly.so_far / nullif(monthly.before, 0), 2) < monthly.share
group by all
