-- title: Keep Cosmos DB accounts of the free tier within it
-- kind: document_account
-- verb: configure
-- risk: R5
-- param days: 14
-- param free: 1000
-- harm: Requests beyond the lower throughput are refused (429) until they are tried again.
-- undo: Raise the throughput again; it holds within minutes.
-- blind: Several containers, each below the limit, that are together above it; and whether the throughput is needed.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- 1,000 RU/s and 25 GB are free in one account of a subscription
-- (https://learn.microsoft.com/azure/cosmos-db/free-tier); more than that is Azure Advisor's rule
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations). Measured is the mean over what
-- the account holds, which is never above the sum, so what is found is surely beyond. The bill holds only what is not
-- free: the high end is all of it, the low end nothing, as storage may be the reason. R5: the gate has no verb for
-- throughput.
select
    account.source,
    account.cloud,
    account.account,
    account.region,
    account.resource_id,
    coalesce(format('{:.0f} RU/s', units.avg), 'unknown throughput') as before,
    format('{} RU/s in all', $free) as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(
        units.missing is null,
        format('{:.0f} RU/s are provisioned, of which {} are free', units.avg, $free),
        'an account of the free tier'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    units.missing
from marts.resource_now as account
join evidence_of('request_units_s', $days) as units using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on account.cloud = rate.cloud and account.resource_id = rate.resource_id
where
    account.kind = 'document_account'
    and json_extract_string(account.config, '$.free_tier') = 'true'
    and (units.missing is not null or units.avg > $free)
