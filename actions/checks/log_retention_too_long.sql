-- title: Keep logs for {days} days instead of longer
-- kind: log_group
-- verb: configure
-- risk: R5
-- param days: 365
-- param aws_gib_month: 0.03
-- param azure_gib_month: 0.12
-- param gcp_gib_month: 0.01
-- harm: Lines older than that are gone for good, whether or not somebody still needs them.
-- undo: Raise the retention again; what has expired by then does not come back.
-- blind: A law or an audit that asks for longer.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- turbot's thrifty mods (https://hub.steampipe.io/mods/turbot) call 20 to 30 days long, which is shorter than most audits
-- ask for; a year here, as the policy of whoever changes the parameter. What is saved is storage alone: the share that is
-- older than that if logs came evenly, at list price (https://aws.amazon.com/cloudwatch/pricing/,
-- https://azure.microsoft.com/pricing/details/monitor/, https://cloud.google.com/stackdriver/pricing). That is an upper bound,
-- as AWS bills logs compressed and tells their size before, so the low end is zero. R5: it drops data for good.
-- Prices per GiB are in dollars, and nearly the same number in euros, pounds and francs; not in other currencies.
with stored as (
    select
        logs.*,
        try_cast(json_extract_string(logs.config, '$.retention_days') as double) as retention_days,
        case logs.cloud
            when 'aws' then $aws_gib_month
            when 'azure' then $azure_gib_month
            when 'gcp' then $gcp_gib_month
        end as gib_month
    from marts.resource_now as logs
    where logs.kind = 'log_group' and coalesce(logs.age_days > $days, true)
)

select
    stored.source,
    stored.cloud,
    stored.account,
    stored.region,
    stored.resource_id,
    format('kept for {:.0f} days', stored.retention_days) as before,
    format('kept for {} days', $days) as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    if(
        rate.cost_month is null,
        null,
        least(
            rate.cost_month::double,
            stored.size_gib * stored.gib_month * (1 - $days / least(stored.age_days, stored.retention_days))
        )
    )::decimal(38, 18) as saving_month_high,
    format('kept for {:.0f} days', stored.retention_days)
    || coalesce(format(', {:.1f} GiB', stored.size_gib), '')
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
where stored.retention_days > $days
