-- title: Let logs expire that are kept for ever
-- kind: log_group
-- verb: configure
-- risk: R5
-- param days: 30
-- param aws_gib_month: 0.03
-- param azure_gib_month: 0.12
-- param gcp_gib_month: 0.01
-- harm: Lines older than the retention are gone for good, whether or not somebody still needs them.
-- undo: Take the retention away; what has expired by then does not come back.
-- blind: A law that asks for longer.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No retention: turbot's thrifty mods (cloudwatch_log_group_no_retention); 30 days as the default of the catalogue.
-- What is saved is storage alone, not ingestion: the share that is older than 30 days if logs came evenly over the
-- life of the group, at list price (https://aws.amazon.com/cloudwatch/pricing/,
-- https://azure.microsoft.com/pricing/details/monitor/, https://cloud.google.com/stackdriver/pricing). That is an
-- upper bound, as AWS bills logs compressed and tells their size before, so the low end is zero. AWS is where groups
-- are kept for ever by default; Azure's workspaces always have a retention, and Google Cloud's are not read. R5: the
-- gate has no verb for a setting, and it drops data for good, so it is made by hand.
-- Prices per GiB are in dollars, and nearly the same number in euros, pounds and francs; not in other currencies.
with stored as (
    select
        logs.*,
        case logs.cloud
            when 'aws' then $aws_gib_month
            when 'azure' then $azure_gib_month
            when 'gcp' then $gcp_gib_month
        end as gib_month
    from marts.resource_now as logs
    where
        logs.kind = 'log_group'
        and json_extract_string(logs.config, '$.retention_days') is null
        and coalesce(logs.age_days > $days, true)
)

select
    stored.source,
    stored.cloud,
    stored.account,
    stored.region,
    stored.resource_id,
    'kept for ever' as before,
    format('kept for {} days', $days) as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    if(
        rate.cost_month is null,
        null,
        least(rate.cost_month::double, stored.size_gib * stored.gib_month * (1 - $days / stored.age_days))
    )::decimal(38, 18) as saving_month_high,
    coalesce(format('{:.1f} GiB kept for ever', stored.size_gib), 'kept for ever')
    || coalesce(format(', {:.0f} days old', floor(stored.age_days)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when stored.age_days is null then 'when it was created'
        when stored.size_gib is null then 'how much it stores'
        when stored.gib_month is null or rate.currency not in ('USD', 'EUR', 'GBP', 'CHF')
            then 'what storing logs costs there'
    end as missing
from stored
left join marts.resource_run_rate as rate
    on stored.cloud = rate.cloud and stored.resource_id = rate.resource_id
