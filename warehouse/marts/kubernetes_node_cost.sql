-- One row per Kubernetes node and billed machine behind it, span of charge, month, account, service, currency and is_usage.
-- A machine that was a node of several clusters belongs to the last of them within a span. What a scale set costs is
-- shared by the nodes that it has, by the time for which each was there.
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
        coalesce(focus.ChargeCategory = 'Usage' and focus.ChargeClass is null, false) as is_usage,
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
        node.cores_share,
        greatest(
            date_diff(
                'second',
                greatest(node.begins_at, line.day::timestamp),
                least(node.ends_at, line.day + to_days(line.days::integer))
            ),
            1
        )::hugeint as seconds,
        first_value(node.source) over latest as latest_source,
        first_value(node.cluster) over latest as latest_cluster
    from line
    join marts.kubernetes_machine as node
        on
            line.cloud = node.cloud
            and line.machine = node.machine
            and line.day < node.ends_at
            and line.day + line.days::integer > node.begins_at
    where node.not_looked_for_because is null
    window latest as (
        partition by
            line.day, line.days, line.month, line.cloud, line.account, line.service, line.currency, line.is_usage,
            line.machine
        order by node.ends_at desc, node.begins_at desc, node.source asc, node.cluster asc, node.node asc
    )
),

-- Each gets the whole units below its share; the units that are left go to the largest rests.
divided as (
    select
        matched.*,
        abs(money_units(matched.cost)) as units,
        sum(matched.seconds) over bill::hugeint as all_seconds,
        whole_share(units, matched.seconds, all_seconds) as whole,
        share_left(units, matched.seconds, all_seconds) as rest
    from matched
    where matched.source = matched.latest_source and matched.cluster = matched.latest_cluster
    window bill as (
        partition by
            matched.day, matched.days, matched.month, matched.cloud, matched.account, matched.service,
            matched.currency, matched.is_usage, matched.machine
    )
),

ranked as (
    select
        divided.*,
        divided.units - sum(divided.whole) over bill as units_over,
        row_number() over (bill order by divided.rest desc, divided.node asc) as place
    from divided
    window bill as (
        partition by
            divided.day, divided.days, divided.month, divided.cloud, divided.account, divided.service,
            divided.currency, divided.is_usage, divided.machine
    )
),

part as (
    select
        ranked.* exclude (cost),
        units_money(sign(ranked.cost)::hugeint * (ranked.whole + (ranked.place <= ranked.units_over)::integer)) as cost
    from ranked
)

select
    part.day, -- on which the charge begins
    part.days, -- that the charge covers
    part.month,
    part.cloud,
    part.account,
    part.service,
    part.currency,
    part.is_usage, -- false = a refund, a credit or a fee, which is no rate
    part.machine,
    part.source,
    part.cluster,
    part.node,
    part.cost,
    units_money(
        sign(part.cost)::hugeint
        * whole_share(
            abs(money_units(part.cost)), round(part.cores_share * 1e15)::hugeint, 1000000000000000::hugeint
        )
    ) as cores_cost,
    part.cost - cores_cost as memory_cost,
    exists (
        from marts.kubernetes_use_daily as use
        where
            use.source = part.source
            and use.cluster = part.cluster
            and use.day >= part.day
            and use.day < part.day + part.days::integer
    ) as is_split -- false = what ran there is not known, so that it stays whole
from part
