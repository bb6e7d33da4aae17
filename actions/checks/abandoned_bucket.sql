-- title: Archive, then delete buckets that nobody has read or written for {days} days
-- kind: bucket
-- verb: delete
-- risk: R5
-- param days: 30
-- blind: What is kept because a law or a contract says so, and reads that come once a year.
-- evidence: select meter.unit, meter.meter, meter.description, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.sku, resource.state, resource.age_days, resource.config, resource.tags from marts.resource_now as
-- evidence: resource left join marts.resource_meter_rate as meter using (cloud, resource_id) where resource.cloud =
-- evidence: {cloud} and resource.resource_id = {resource_id}
--
-- Not one request and not one byte on the bill of 30 days: stricter than the thresholds of hystax/optscale (obsolete s3
-- buckets: https://github.com/hystax/optscale), from catalogue OBJ-04. Reads and writes of a bucket are billed each by
-- the bucket on AWS, Azure and, in its detailed export, Google Cloud. An account whose bill names no request of any
-- bucket tells nothing, nor is one of less than 30 days evidence: `missing`. Flat subscriptions (DigitalOcean) are left out. The high end is all that it costs;
-- the low end is zero, as nobody but its owner knows whether it may go. R5 for that reason: move it to an archive tier
-- first, delete it when nobody has asked for it.
with line as (
    select
        bucket.source,
        bucket.cloud,
        bucket.account,
        bucket.resource_id,
        count(distinct focus.ChargePeriodStart::date) filter (
            where
            regexp_matches(
                coalesce(focus.PricingUnit, focus.ConsumedUnit), '(gb|gib|gibibyte)[ /-]*(mo|month)', 'i'
            )
        ) as days_stored,
        count(*) filter (
            where
            coalesce(focus.PricingQuantity, focus.ConsumedQuantity) > 0
            and not regexp_matches(
                coalesce(focus.PricingUnit, focus.ConsumedUnit), '(gb|gib|gibibyte|tb|tib)[ /-]*(mo|month|h)', 'i'
            )
        ) as lines_used,
        date_diff('day', min(focus.ChargePeriodStart)::date, any_value(complete.until)) as days_told
    from raw.focus as focus
    join marts.sub_account_billed_until as complete
        on
            focus.x_cloud = complete.cloud
            and coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') = complete.account
    left join marts.billed_resource as billed on focus.x_cloud = billed.cloud and focus.ResourceId = billed.billed_id
    join marts.resource_now as bucket
        on
            focus.x_cloud = bucket.cloud
            and coalesce(billed.resource_id, focus.ResourceId) = bucket.resource_id
            and bucket.kind = 'bucket'
    where
        focus.ChargeCategory = 'Usage'
        and focus.ChargeClass is null
        and focus.ChargePeriodStart >= complete.until - to_days($days::integer)
        and focus.ChargePeriodStart < complete.until
        and bucket.cloud <> 'digitalocean'
    group by all
),

judged as (
    select
        line.*,
        max(line.lines_used) over (partition by line.cloud, line.account) > 0 as is_told,
        max(line.days_told) over (partition by line.cloud, line.account) as days_billed
    from line
)

select
    judged.source,
    judged.cloud,
    judged.account,
    bucket.region,
    judged.resource_id,
    bucket.state as before,
    'absent' as after,
    rate.currency,
    0::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        judged.is_told, format('no request in {} days', least(judged.days_billed, $days)), 'a bucket'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when not judged.is_told then 'requests: the bill of this account names none of any bucket'
        when bucket.age_days is null then 'when it was created'
        when judged.days_billed < $days then format('bills of {} days, there are {}', $days, judged.days_billed)
    end as missing
from judged
join marts.resource_now as bucket
    on
        judged.source = bucket.source
        and judged.cloud = bucket.cloud
        and judged.account = bucket.account
        and judged.resource_id = bucket.resource_id
        and bucket.kind = 'bucket'
left join marts.resource_run_rate as rate on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
where
    judged.lines_used = 0
    and judged.days_stored > 0
    and coalesce(bucket.age_days >= $days, true)
