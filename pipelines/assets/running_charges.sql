-- One row per series with charges that a bill has for the whole running month so far, such as taxes and support: on which
-- day they stand, and what is still to come of them.
-- Whether they grow with the month, or are a fee that is there in full from its first day, the last two months tell: the
-- amount so far is nearer to the part of theirs that is over, or to the whole. What is to come goes by the pace of this
-- month as far as it is over, and else by that of the last ones.
with charge as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        focus.ChargeCategory as category,
        focus.ChargePeriodStart::date as first_day,
        focus.ChargePeriodEnd > focus.ChargePeriodStart + interval 25 hour as is_long,
        focus.EffectiveCost::double as cost
    from raw.focus as focus
    join marts.billing_rhythm as rhythm
        on focus.x_cloud = rhythm.cloud and focus.BillingAccountId is not distinct from rhythm.billing_account
    where
        rhythm.is_daily
        and focus.BillingCurrency is not null
        and focus.ChargeClass is null
        and focus.ChargePeriodStart < getvariable('until')::date
        and focus.ChargePeriodStart >= date_trunc('month', getvariable('until')::date) - interval 2 month
),

-- How much of the running month is billed.
over as (
    select
        charge.cloud,
        charge.account,
        date_trunc('month', getvariable('until')::date)::date as starts_on,
        (max(charge.first_day) + 1 - starts_on) / day(last_day(starts_on))::double as share
    from charge
    where charge.category = 'Usage' and not charge.is_long
    group by all
    having max(charge.first_day) >= starts_on
),

monthly as (
    select
        charge.cloud,
        charge.account,
        charge.service,
        charge.currency,
        over.starts_on,
        over.share,
        coalesce(sum(charge.cost) filter (where charge.first_day = over.starts_on), 0) as so_far,
        sum(charge.cost) filter (where charge.first_day < over.starts_on)
        / count(distinct charge.first_day) filter (where charge.first_day < over.starts_on) as before
    from charge
    join over using (cloud, account)
    where charge.is_long and day(charge.first_day) = 1
    group by charge.cloud, charge.account, charge.service, charge.currency, charge.category, over.starts_on, over.share
)

select
    monthly.cloud,
    monthly.account,
    monthly.service,
    monthly.currency,
    monthly.starts_on as day,
    sum((1 - monthly.share) * (monthly.so_far + (1 - monthly.share) * monthly.before)) as owed
from monthly
where
    monthly.so_far * monthly.before > 0
    -- In logarithms, nearer to the share than to 1.
    and pow(monthly.so_far / nullif(monthly.before, 0), 2) < monthly.share
group by all
order by all
