-- title: Let Spark pools pause and scale
-- kind: spark_pool
-- verb: configure
-- risk: R5
-- about: capacity
-- blind: How long its sessions stay idle.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No auto-pause, no autoscaling: Azure Advisor
-- (https://learn.microsoft.com/azure/advisor/advisor-reference-cost-recommendations). Without auto-pause a session
-- that nobody ends is paid on (https://learn.microsoft.com/azure/synapse-analytics/spark/apache-spark-autoscale).
-- Advice: nothing here tells what it would save.
select
    pool.source,
    pool.cloud,
    pool.account,
    pool.region,
    pool.resource_id,
    'always as it is' as before,
    'auto-pause and autoscaling' as after,
    if(json_extract_string(pool.config, '$.auto_pause') = 'false', 'does not pause by itself', '')
    || if(
        json_extract_string(pool.config, '$.auto_pause') = 'false'
        and json_extract_string(pool.config, '$.autoscaling') = 'false', ', and ', ''
    )
    || if(json_extract_string(pool.config, '$.autoscaling') = 'false', 'does not scale by itself', '') as reason,
    null::varchar as missing
from marts.resource_now as pool
where
    pool.kind = 'spark_pool'
    and (
        json_extract_string(pool.config, '$.auto_pause') = 'false'
        or json_extract_string(pool.config, '$.autoscaling') = 'false'
    )
