-- title: Delete Cosmos DB accounts that nobody has asked for {days} days
-- kind: document_account
-- verb: delete
-- risk: R4
-- param days: 32
-- blind: Data that has to be kept, and an account that is asked once a quarter.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- No request: Azure Advisor says so of containers after 30 days
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations); measurements are kept for 14
-- and 32. Requests are counted for the account as a whole, so a container that is idle in a busy account is not seen.
-- Serverless accounts are paid by request and left out. R4: no snapshot is taken before the delete, so export it
-- first, or lower its throughput to the least. No cloud lets the gate delete one yet.
select
    account.source,
    account.cloud,
    account.account,
    account.region,
    account.resource_id,
    account.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(requests.missing is null, format('no request in {} days', $days), 'a Cosmos DB account')
    || costs(rate.cost_month, rate.currency) as reason,
    requests.missing as missing
from marts.resource_now as account
join evidence_of('requests_s', $days) as requests using (source, cloud, account, resource_id)
left join marts.resource_run_rate as rate
    on account.cloud = rate.cloud and account.resource_id = rate.resource_id
where
    account.kind = 'document_account'
    and account.sku = 'provisioned'
    and (requests.missing is not null or requests.avg = 0)
    -- A request that was seen is enough to know that somebody needs it.
    and not coalesce(requests.avg > 0, false)
