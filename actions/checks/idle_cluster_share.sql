-- title: Run fewer or smaller nodes where much of a cluster is idle
-- kind: cluster
-- verb: configure
-- risk: R5
-- param days: 14
-- param idle_share: 0.3
-- harm: Pods move when nodes are drained; those without a replica are away for a while.
-- undo: Add the nodes again.
-- blind: Room that is kept on purpose, for a node that fails or for a peak, pods that can't be moved, and jobs and bare
-- blind: pods, which look idle here.
-- evidence: select cost.day, cost.days, cost.currency, sum(cost.cost) as cost,
-- evidence: sum(cost.cost) filter (where cost.kind = 'idle') as idle from marts.kubernetes_cost_daily as cost
-- evidence: where cost.cluster = {resource_id} and cost.is_usage and {cloud} = 'kubernetes' group by all order by all
--
-- What the nodes have and nobody asks for or uses, as OpenCost counts it (https://www.opencost.io/docs/specification);
-- more than 30 % of the nodes' bill over 14 days: our rule, from catalogue K8S-13. The high end is what has to go so
-- that 30 % of what stays is idle; the low end is zero, as nodes can't be had by parts. R5: how many nodes there are
-- is a setting of the cluster's cloud or of its autoscaler, and the gate has no verb for it.
with complete as (
    select
        cost.source,
        cost.cluster,
        min(known.until) as until
    from marts.kubernetes_cost_daily as cost
    join marts.sub_account_billed_until as known using (cloud, account)
    group by all
),

-- A charge of several days counts with those of them that are looked at.
charged as (
    select
        cost.source,
        cost.cluster,
        cost.currency,
        cost.kind,
        complete.until,
        greatest(cost.day, complete.until - $days::integer) as first_day,
        least(cost.day + cost.days::integer, complete.until) as end_day,
        cost.cost::double * (end_day - first_day) / cost.days as cost
    from marts.kubernetes_cost_daily as cost
    join complete using (source, cluster)
    where cost.is_usage and end_day > first_day
),

paid as (
    select
        charged.source,
        charged.cluster,
        charged.currency,
        sum(charged.cost) as cost,
        coalesce(sum(charged.cost) filter (where charged.kind = 'idle'), 0) as idle,
        any_value(charged.until) - min(charged.first_day) as days
    from charged
    group by all
)

select
    paid.source,
    'kubernetes' as cloud,
    paid.cluster as account,
    'global' as region,
    paid.cluster as resource_id,
    format('{:.0f} % idle', 100 * paid.idle / paid.cost) as before,
    format('{:.0f} % idle', 100 * $idle_share) as after,
    paid.currency,
    0::decimal(38, 18) as saving_month_low,
    ((paid.idle - $idle_share * paid.cost) / (1 - $idle_share) / paid.days * 30.4375)::decimal(38, 18)
        as saving_month_high,
    format(
        'in {} days {:.2f} of {:.2f} {} of its nodes were idle', paid.days, paid.idle, paid.cost, paid.currency
    ) as reason,
    if(paid.days < $days, format('bills of its nodes for {} days, there are {}', $days, paid.days), null) as missing
from paid
where paid.idle > $idle_share * paid.cost
