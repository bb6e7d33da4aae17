-- title: Delete load balancers that have nothing behind them
-- kind: load_balancer
-- verb: delete
-- risk: R3
-- param days: 14
-- blind: Balancers that work without targets, such as one that only redirects.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No target: turbot's thrifty mods; 14 days: Cloud Custodian's mark-then-act time
-- (https://cloudcustodian.io/docs/aws/examples/). Targets are read on AWS (all types), Azure (load balancers and
-- application gateways) and DigitalOcean; of Google Cloud's forwarding rules nothing says what is behind them, so
-- there the row says so. Since when no cloud says, so the row tells for how long it has been watched: look before you
-- delete. No cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
select
    balancer.source,
    balancer.cloud,
    balancer.account,
    balancer.region,
    balancer.resource_id,
    balancer.state as before,
    'absent' as after,
    rate.currency,
    uncommitted(rate.cost_month, rate.commitment_share) as saving_month_low,
    rate.cost_month as saving_month_high,
    if(json_extract_string(balancer.config, '$.targets') is null, 'a load balancer', 'no target behind it')
    || coalesce(format(', watched for {:.0f} days', floor(balancer.unchanged_days)), '')
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when json_extract_string(balancer.config, '$.targets') is null then 'how many targets it has'
        when balancer.age_days is null then 'when it was created'
    end as missing
from marts.resource_now as balancer
left join marts.resource_run_rate as rate using (cloud, resource_id)
where
    balancer.kind = 'load_balancer'
    and coalesce(json_extract_string(balancer.config, '$.targets') = '0', true)
    and coalesce(balancer.age_days >= $days, true)
