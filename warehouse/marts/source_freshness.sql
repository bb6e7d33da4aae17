-- One row per configured source, cloud, account and kind of reading: how old what it tells is, and whether that is late.
-- group: health
with told as (
    select
        scope.source,
        scope.cloud,
        scope.account,
        if(scope.what = 'exports', 'bills', scope.what) as what,
        max(scope.read_at) as last_read_at,
        -- Of the region that is furthest behind; what has never been read is told as failed.
        if(scope.what = 'exports', any_value(billed.until), min(scope.until)) as until,
        max(scope.late_after_hours)
        + if(scope.what = 'exports', coalesce(any_value(billed.hours_to_next_bill), 0), 0) as late_after_hours,
        string_agg(distinct concat_ws(': ', scope.region, scope.failed), '; ') filter (where scope.failed is not null)
            as failed
    from raw.read as scope
    left join marts.account_billed_until as billed
        on scope.what = 'exports' and scope.cloud = billed.cloud and scope.account = billed.billing_account
    group by scope.source, scope.cloud, scope.account, scope.what
)

select
    told.source,
    told.cloud, -- null = all of the source
    told.account,
    told.what, -- bills, inventory, metrics, offers, prices, commitments, invoices
    told.last_read_at,
    told.until, -- known up to here, UTC; null = not at all
    date_diff('second', told.until, getvariable('as_of')) / 3600 as age_hours,
    told.late_after_hours, -- the limit in the settings of the source, and the time until the next bill comes
    -- Of bills without an account nothing is delivered yet, or ever: that is no delay.
    coalesce(
        date_diff('second', told.until, getvariable('as_of')) / 3600 > told.late_after_hours,
        told.what <> 'bills' or told.account is not null
    ) as is_late,
    told.failed -- why the last reading did not work; null = it did
from told
