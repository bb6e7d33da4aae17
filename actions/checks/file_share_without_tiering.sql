-- title: Let file shares move what is rarely used to cheaper storage
-- kind: file_share
-- verb: configure
-- risk: R5
-- param least_gib: 1.0
-- param cheaper_share: 0.9167
-- harm: Reading what was moved costs a fee per GiB and answers more slowly.
-- undo: Take the rule away, with files moved back when they are read.
-- blind: How much of it is used: retrieval costs per GiB; files below 128 KiB stay.
-- evidence: select meter.meter, meter.description, meter.unit, meter.quantity, meter.cost_month, meter.currency,
-- evidence: resource.size_gib, resource.config, resource.age_days
-- evidence: from marts.resource_now as resource left join marts.resource_meter_rate as meter using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id} order by meter.cost_month desc
--
-- No policy moves files to the class for rarely used ones: catalogue STO-16. That class costs 0.025 instead of 0.30 per
-- GiB-month, and in one zone 0.0133 instead of 0.16, so 91.67 % less (https://aws.amazon.com/efs/pricing/). The high end
-- is what it would save if all that lies in the dearest class went there: of what the bill charges for storage, not for
-- throughput, the part of that class; the low end is zero, as nothing says how much of it is still read. R5: the gate
-- has no verb for a setting.
with storage as (
    select
        rate.cloud,
        rate.resource_id,
        rate.currency,
        sum(rate.cost_month)::double as cost_month
    from marts.resource_meter_rate as rate
    where rate.part = 'storage'
    group by all
),

stored as (
    select
        share.*,
        try_cast(json_extract_string(share.config, '$.standard_gib') as double) as standard_gib
    from marts.resource_now as share
)

select
    share.source,
    share.cloud,
    share.account,
    share.region,
    share.resource_id,
    'everything stays where it was written' as before,
    'what is rarely used moves' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    -- A GiB of the other class costs so much less that most of the bill is for the dearest.
    (
        storage.cost_month * $cheaper_share * share.standard_gib
        / (share.standard_gib + greatest(share.size_gib - share.standard_gib, 0) * (1 - $cheaper_share))
    )::decimal(38, 18) as saving_month_high,
    'no policy moves what is rarely used'
    || coalesce(format(', {:.1f} of {:.1f} GiB in the dearest class', share.standard_gib, share.size_gib), '')
    || coalesce(format(', storage costs {:.2f} {} a month', storage.cost_month, storage.currency), '') as reason,
    case
        when json_extract_string(share.config, '$.tiers') is null then 'whether a policy moves files'
        when share.size_gib is null or share.standard_gib is null
            then 'how much of it lies in the dearest class'
        when rate.cost_month is not null and storage.cost_month is null then 'what its bill charges for storage'
    end as missing
from stored as share
left join marts.resource_run_rate as rate
    on share.cloud = rate.cloud and share.resource_id = rate.resource_id
left join storage
    on rate.cloud = storage.cloud and rate.resource_id = storage.resource_id and rate.currency = storage.currency
where
    share.kind = 'file_share'
    and share.cloud = 'aws'
    and share.state = 'available'
    and coalesce(json_extract_string(share.config, '$.tiers') = 'false', true)
    and coalesce(share.size_gib > $least_gib, true)
