-- title: Let buckets move what is old to cheaper storage
-- kind: bucket
-- verb: configure
-- risk: R5
-- param least_gib: 1.0
-- param aws_share: 0.456
-- param azure_share: 0.457
-- param gcp_share: 0.5
-- param aws_gib_month: 0.023
-- param azure_gib_month: 0.0196
-- param gcp_gib_month: 0.02
-- harm: Reading what was moved costs a retrieval fee, and archives answer after minutes or hours.
-- undo: Take the rule away; what was moved has to be copied back, at the fee of a retrieval.
-- blind: Objects below 128 KiB, retrieval fees.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No rule that moves or expires objects: AWS Trusted Advisor and turbot's thrifty mods; more than 1 GiB where the size
-- is known. Rules are read on AWS and Google Cloud; of Azure and DigitalOcean they are not, and there the row says so.
-- The high end is what it would save if everything went to the class for rarely used data, 0.0125 instead of 0.023 per
-- GiB-month (https://aws.amazon.com/s3/pricing/, https://cloud.google.com/storage/pricing,
-- https://azure.microsoft.com/pricing/details/storage/blobs/); where no size is known it is taken of the whole bill of
-- the bucket, requests and traffic included. The low end is zero, as nothing says how much of it is old or still read.
-- R5: the gate has no verb for a setting, so it is made by hand.
-- Prices per GiB are in dollars, and nearly the same number in euros, pounds and francs; not in other currencies.
with store as (
    select
        bucket.*,
        json_extract_string(bucket.config, '$.lifecycle') as lifecycle,
        case bucket.cloud when 'aws' then $aws_share when 'azure' then $azure_share when 'gcp' then $gcp_share end
            as share,
        case bucket.cloud
            when 'aws' then $aws_gib_month
            when 'azure' then $azure_gib_month
            when 'gcp' then $gcp_gib_month
        end as gib_month
    from marts.resource_now as bucket
    where bucket.kind = 'bucket'
)

select
    store.source,
    store.cloud,
    store.account,
    store.region,
    store.resource_id,
    'everything stays as it was written' as before,
    'what is old moves or expires' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    if(
        rate.cost_month is null,
        null,
        store.share
        * least(rate.cost_month::double, coalesce(store.size_gib * store.gib_month, rate.cost_month::double))
    )::decimal(38, 18) as saving_month_high,
    if(store.lifecycle is null, 'a bucket', 'no rule moves or expires what is old')
    || coalesce(format(', {:.0f} GiB', store.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when store.lifecycle is null then 'whether it has lifecycle rules'
        when store.share is null or rate.currency not in ('USD', 'EUR', 'GBP', 'CHF')
            then 'what a cheaper storage class costs there'
    end as missing
from store
left join marts.resource_run_rate as rate
    on store.cloud = rate.cloud and store.resource_id = rate.resource_id
where coalesce(store.lifecycle = 'none', true) and coalesce(store.size_gib > $least_gib, true)
