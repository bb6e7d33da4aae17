-- One row per billed machine behind a Kubernetes node, span of charge, month, account, service and currency.
-- A machine that was a node of several clusters belongs to the last of them within a span.
-- group: kubernetes
with line as (
    select
        focus.ChargePeriodStart::date as day,
        greatest(
            coalesce((focus.ChargePeriodEnd - interval 1 microsecond)::date - focus.ChargePeriodStart::date, 0), 0
        )
        + 1 as days,
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        coalesce(focus.ServiceName, '(unknown)') as service,
        focus.BillingCurrency as currency,
        billed_machine(focus.x_cloud, focus.SubAccountId, focus.ResourceId, focus.ResourceName) as machine,
        sum(focus.EffectiveCost) as cost
    from raw.focus as focus
    where
        focus.ResourceId is not null
        and focus.EffectiveCost is not null
        and focus.x_cloud in (select node.cloud from marts.kubernetes_machine as node)
    group by all
),

matched as (
    select
        line.*,
        node.source,
        node.cluster,
        node.node,
        node.cores_share
    from line
    join marts.kubernetes_machine as node
        on
            line.cloud = node.cloud
            and line.machine = node.machine
            and line.day < node.ends_at
            and line.day + line.days::integer > node.begins_at
    where node.not_looked_for_because is null
    qualify
        row_number() over (
            partition by
                line.day, line.days, line.month, line.cloud, line.account, line.service, line.currency, line.machine
            order by node.ends_at desc, node.begins_at desc, node.source asc, node.cluster asc, node.node asc
        ) = 1
)

select
    matched.day, -- on which the charge begins
    matched.days, -- that the charge covers
    matched.month,
    matched.cloud,
    matched.account,
    matched.service,
    matched.currency,
    matched.machine,
    matched.source,
    matched.cluster,
    matched.node,
    matched.cost,
    units_money(
        sign(matched.cost)::hugeint
        * whole_share(
            abs(money_units(matched.cost)), round(matched.cores_share * 1e15)::hugeint, 1000000000000000::hugeint
        )
    ) as cores_cost,
    matched.cost - cores_cost as memory_cost,
    exists (
        from marts.kubernetes_use_daily as use
        where
            use.source = matched.source
            and use.cluster = matched.cluster
            and use.day >= matched.day
            and use.day < matched.day + matched.days::integer
    ) as is_split -- false = what ran there is not known, so that it stays whole
from matched
