-- One row per source, cloud, billing account and kind of reading: how old what we know is.
-- Of bills the source is the feed; of everything else it is the configured source.
-- group: health
with charge as (
    select
        focus.x_source as source,
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        max(focus.ChargePeriodStart) filter (
            where focus.ChargePeriodStart <= getvariable('as_of')
        )::date as last_charge_day,
        -- A line for a whole month says nothing about how far usage is known, unless usage is billed so, and it is over.
        coalesce(
            max(least(focus.ChargePeriodEnd, getvariable('as_of'))) filter (
                where
                focus.ChargeCategory = 'Usage'
                and focus.ChargePeriodStart <= getvariable('as_of')
                and (
                    focus.ChargePeriodEnd <= focus.ChargePeriodStart + interval 1 day
                    or (not rhythm.is_daily and focus.ChargePeriodEnd <= getvariable('as_of'))
                )
            ),
            max(least(focus.ChargePeriodEnd, getvariable('as_of')))
        ) as until,
        -- What is billed by the month, and to the end of one, has its next bill at the end of the one after.
        if(
            not any_value(rhythm.is_daily) and until = date_trunc('month', until),
            date_diff('hour', until, until + interval 1 month),
            0
        ) as hours_to_next_bill
    from raw.focus as focus
    join marts.billing_rhythm as rhythm
        on focus.x_cloud = rhythm.cloud and focus.BillingAccountId is not distinct from rhythm.billing_account
    group by all
),

delivery as (
    select
        manifest.source,
        manifest.cloud,
        manifest.billing_account,
        max(manifest.loaded_at) as last_loaded_at
    from raw.billing_manifest as manifest
    where manifest.status = 'loaded'
    group by all
),

late as (
    select
        scope.cloud,
        scope.account as billing_account,
        min(scope.late_after_hours) as late_after_hours
    from raw.read as scope
    where scope.what = 'exports' and scope.account is not null
    group by all
),

reading as (
    select
        scope.source,
        scope.cloud,
        scope.what,
        max(scope.read_at) as last_loaded_at,
        min(scope.until) as until, -- the scope that is furthest behind
        min(scope.late_after_hours) as late_after_hours,
        string_agg(
            distinct concat_ws(' ', scope.account, scope.region, scope.failed), '; '
            order by concat_ws(' ', scope.account, scope.region, scope.failed)
        ) filter (where scope.failed is not null) as failed
    from raw.read as scope
    group by all
)

select
    charge.source,
    charge.cloud,
    charge.billing_account,
    'bills' as what,
    charge.last_charge_day,
    delivery.last_loaded_at,
    charge.until, -- usage is known up to here, UTC
    date_diff('second', charge.until, getvariable('as_of')) / 3600 as age_hours,
    charge.hours_to_next_bill, -- 0 where bills come by the day
    -- The limit of the source that delivers the account, else of files that somebody ingests.
    coalesce(late.late_after_hours, 72) + charge.hours_to_next_bill as late_after_hours,
    coalesce(
        age_hours > coalesce(late.late_after_hours, 72) + charge.hours_to_next_bill, false
    ) as is_late,
    null as failed -- why the last reading did not work; null = it did
from charge
left join late
    on charge.cloud = late.cloud and charge.billing_account is not distinct from late.billing_account
left join delivery
    on
        charge.source = delivery.source
        and charge.cloud = delivery.cloud
        and charge.billing_account is not distinct from delivery.billing_account

union all

select
    reading.source,
    reading.cloud,
    null as billing_account,
    reading.what,
    null as last_charge_day,
    reading.last_loaded_at,
    reading.until,
    date_diff('second', reading.until, getvariable('as_of')) / 3600 as age_hours,
    0 as hours_to_next_bill,
    reading.late_after_hours,
    coalesce(age_hours > reading.late_after_hours, false) as is_late,
    reading.failed
from reading
