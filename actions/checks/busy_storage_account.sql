-- title: Look at premium storage for accounts with many requests and little data
-- kind: bucket
-- verb: review
-- risk: R0
-- about: capacity
-- param days: 14
-- param requests_s_tb: 35.0
-- param least_requests_s: 10.0
-- blind: Which operations they are, and that queues, tables and files can't move.
-- evidence: select metric.metric, metric.window_days, metric.hours_expected, metric.hours_measured, metric.coverage,
-- evidence: metric.avg, metric.p95_max, metric.p99_max, metric.max, resource.sku, resource.config, rate.cost_month,
-- evidence: rate.currency from marts.resource_now as resource left join marts.metric_quantiles as metric using
-- evidence: (cloud, account, resource_id) left join marts.resource_run_rate as rate using (cloud, resource_id) where
-- evidence: resource.cloud = {cloud} and resource.account = {account} and resource.resource_id = {resource_id} order
-- evidence: by metric.metric, metric.window_days
--
-- More than 35 requests a second for each TB: Microsoft's own number
-- (https://learn.microsoft.com/azure/storage/blobs/storage-blob-block-blob-premium#cost-effectiveness). Premium block
-- blobs cost more per GB and less per request; prices differ by operation and region, so nothing is claimed. Below 10
-- requests a second (26 million a month) it is not worth the move: our rule.
with measured as (
    select
        account.*,
        coalesce(requests.missing, stored.missing) as lacks,
        requests.avg as requests_s,
        requests.avg / nullif(stored.avg * 1.073741824 / 1000, 0) as requests_s_tb
    from marts.resource_now as account
    join evidence_of('requests_s', $days) as requests using (source, cloud, account, resource_id)
    join evidence_of('stored_gib', $days) as stored using (source, cloud, account, resource_id)
    where
        account.kind = 'bucket'
        and account.cloud = 'azure'
        and account.sku like 'Standard%'
        and not coalesce(requests.avg < $least_requests_s, false)
)

select
    measured.source,
    measured.cloud,
    measured.account,
    measured.region,
    measured.resource_id,
    measured.sku as before,
    'premium block blobs' as after,
    coalesce(
        format(
            '{:.0f} requests a second, {:.0f} for each TB that is stored', measured.requests_s, measured.requests_s_tb
        ),
        'a standard storage account'
    ) as reason,
    measured.lacks as missing
from measured
where measured.lacks is not null or measured.requests_s_tb > $requests_s_tb
