-- title: Let file shares move what is rarely used to cheaper storage
-- kind: file_share
-- verb: configure
-- risk: R5
-- param least_gib: 1.0
-- param cheaper_share: 0.9167
-- harm: Reading what was moved costs a fee per GiB and answers more slowly.
-- undo: Take the rule away, with files moved back when they are read.
-- blind: How much of it is used: retrieval costs per GiB; files below 128 KiB stay.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No policy moves files to the class for rarely used ones: catalogue STO-16. That class costs 0.025 instead of 0.30 per
-- GiB-month, and in one zone 0.0133 instead of 0.16, so 91.67 % less (https://aws.amazon.com/efs/pricing/). The high end
-- is what it would save if all that lies in the dearest class went there; the low end is zero, as nothing says how much
-- of it is still read. R5: the gate has no verb for a setting.
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
    (
        rate.cost_month * $cheaper_share
        * least(try_cast(json_extract_string(share.config, '$.standard_gib') as double) / share.size_gib, 1)
    )::decimal(38, 18) as saving_month_high,
    'no policy moves what is rarely used'
    || coalesce(format(', {:.1f} GiB', share.size_gib), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(share.config, '$.tiers') is null then 'whether a policy moves files'
        when share.size_gib is null or json_extract_string(share.config, '$.standard_gib') is null
            then 'how much of it lies in the dearest class'
    end as missing
from marts.resource_now as share
left join marts.resource_run_rate as rate
    on share.cloud = rate.cloud and share.resource_id = rate.resource_id
where
    share.kind = 'file_share'
    and share.cloud = 'aws'
    and share.state = 'available'
    and coalesce(json_extract_string(share.config, '$.tiers') = 'false', true)
    and coalesce(share.size_gib > $least_gib, true)
