-- One row per cloud, account, service, currency and day that is billed completely: what all its charges cost.
-- What comes late, on the bill of a later month, counts from when that month began: its day is over, and so is the
-- forecast of its own. Where usage is billed for longer than a day, a charge is spread evenly over the days that it is
-- for: by the day it begins a month would cost everything on its first day, and nobody knew what the others cost.
with long as (
    select
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        greatest(focus.ChargePeriodStart, focus.BillingPeriodStart)::date as first_day,
        greatest((focus.ChargePeriodEnd - interval 1 microsecond)::date, first_day) as last_day,
        sum(focus.EffectiveCost)::double as cost
    from raw.focus as focus
    join marts.billing_rhythm as rhythm
        on focus.x_cloud = rhythm.cloud and focus.BillingAccountId is not distinct from rhythm.billing_account
    where not rhythm.is_daily
    group by all
),

spread as (
    select
        long.cloud,
        long.account,
        long.service,
        long.currency,
        unnest(generate_series(long.first_day, long.last_day, interval 1 day))::date as day,
        long.cost / (date_diff('day', long.first_day, long.last_day) + 1) as cost
    from long
),

charged as (
    select
        daily.cloud,
        daily.account,
        daily.service,
        daily.currency,
        greatest(daily.day, daily.month) as day,
        daily.effective_cost::double as cost
    from marts.daily_cost as daily
    join marts.billing_rhythm as rhythm
        on daily.cloud = rhythm.cloud and daily.billing_account is not distinct from rhythm.billing_account
    where rhythm.is_daily
    union all
    from spread
)

select
    charged.cloud,
    charged.account,
    charged.service,
    charged.currency,
    charged.day,
    sum(charged.cost) as cost
from charged
where charged.day < getvariable('until')::date and charged.currency is not null
group by all
order by all
