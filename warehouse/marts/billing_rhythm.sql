-- One row per cloud and billing account that has bills: whether usage is billed by the day or hour, or for longer.
-- It is daily where at least half of the days have usage of their own: a machine that lived for hours, billed beside
-- those of the whole month, makes no bill a daily one.
-- group: health
select
    focus.x_cloud as cloud,
    focus.BillingAccountId as billing_account, -- null = the bill names none
    2 * count(distinct focus.ChargePeriodStart::date) filter (
        where
        focus.ChargeCategory = 'Usage'
        and focus.ChargePeriodEnd <= focus.ChargePeriodStart + interval 1 day
    ) > date_diff('day', min(focus.ChargePeriodStart), max(focus.ChargePeriodStart)) as is_daily
from raw.focus as focus
group by all
