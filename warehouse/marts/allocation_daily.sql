-- One row per day, days, month, currency, cloud, account, service, cluster, namespace, rule, kind, pool and team: who pays.
-- The rules are those of the settings. All rows of a day, account and service add up to marts.daily_cost exactly.
-- group: allocation
with of_nodes as (
    select distinct
        node.day,
        node.days,
        node.month,
        node.cloud,
        node.account,
        node.machine
    from marts.kubernetes_node_cost as node
    where node.is_split
),

line as (
    select
        focus.ChargePeriodStart::date as day,
        greatest(
            coalesce((focus.ChargePeriodEnd - interval 1 microsecond)::date - focus.ChargePeriodStart::date, 0), 0
        )
        + 1 as days,
        date_trunc('month', focus.BillingPeriodStart)::date as month,
        focus.BillingCurrency as currency,
        focus.x_cloud as cloud,
        coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
        kept_account_name(coalesce(focus.SubAccountName, focus.BillingAccountName)) as account_name,
        coalesce(focus.ServiceName, '(unknown)') as service,
        kept_region(coalesce(focus.RegionId, 'global')) as region,
        kept_category(focus.ChargeCategory) as category,
        kept_resource_id(focus.ResourceId) as resource_id,
        kept_resource_name(focus.ResourceName) as resource_name,
        kept_tags(focus.Tags) as tags,
        if(
            focus.EffectiveCost is not null and focus.x_cloud in (select node.cloud from of_nodes as node),
            billed_machine(focus.x_cloud, focus.SubAccountId, focus.ResourceId, focus.ResourceName),
            null
        ) as candidate,
        coalesce(focus.EffectiveCost, 0) as cost
    from raw.focus as focus
),

cell as (
    select
        line.* exclude (candidate, cost),
        if(line.candidate in (select node.machine from of_nodes as node), line.candidate, null) as machine,
        sum(line.cost) as cost
    from line
    group by all
),

-- What machines of clusters cost is replaced by the parts of their workloads.
part as (
    select
        cell.day,
        cell.days,
        cell.month,
        cell.currency,
        'own' as kind,
        {
            'cloud': cell.cloud,
            'account': cell.account,
            'account_name': cell.account_name,
            'service': cell.service,
            'region': cell.region,
            'category': cell.category,
            'resource_id': cell.resource_id,
            'resource_name': cell.resource_name,
            'tags': cell.tags,
            'cluster': null::varchar,
            'namespace': null::varchar,
            'workload': null::varchar,
            'labels': null::varchar
        } as facts,
        cell.cost
    from cell
    left join of_nodes as node
        on
            cell.machine = node.machine
            and cell.day = node.day
            and cell.days = node.days
            and cell.month = node.month
            and cell.cloud = node.cloud
            and cell.account = node.account
    where node.machine is null

    union all

    select
        piece.day,
        piece.days,
        piece.month,
        piece.currency,
        if(piece.kind = 'idle', 'idle', 'own') as kind,
        {
            'cloud': piece.cloud,
            'account': piece.account,
            'account_name': null,
            'service': piece.service,
            'region': null,
            'category': null,
            'resource_id': null,
            'resource_name': null,
            'tags': null,
            'cluster': piece.cluster,
            'namespace': piece.namespace,
            'workload': regexp_extract(piece.workload, '[^/]+$'),
            'labels': piece.labels
        } as facts,
        piece.cost
    from marts.kubernetes_cost_daily as piece
),

-- Rules are asked once for each set of facts, however many days it is billed.
fact as (
    select distinct part.facts
    from part
    where part.kind = 'own'
),

parsed as materialized (
    select
        fact.facts,
        from_json(
            if(json_valid(fact.facts.tags) and json_type(fact.facts.tags) = 'OBJECT', fact.facts.tags, null),
            '"MAP(VARCHAR, VARCHAR)"'
        ) as tags,
        from_json(fact.facts.labels, '"MAP(VARCHAR, VARCHAR)"') as labels
    from fact
),

readable as materialized (
    select
        parsed.facts,
        {
            'cloud': parsed.facts.cloud,
            'account': parsed.facts.account,
            'account_name': parsed.facts.account_name,
            'service': parsed.facts.service,
            'region': parsed.facts.region,
            'category': parsed.facts.category,
            'resource_id': parsed.facts.resource_id,
            'resource_name': parsed.facts.resource_name,
            'tags': parsed.tags,
            'asked_tags': asked_tags(parsed.tags),
            'cluster': parsed.facts.cluster,
            'namespace': parsed.facts.namespace,
            'workload': parsed.facts.workload,
            'labels': parsed.labels,
            'asked_labels': asked_labels(parsed.labels)
        } as about
    from parsed
),

judged as materialized (
    select
        readable.facts,
        readable.about,
        allocation_rule(readable.about) as rule
    from readable
),

owner as (
    select
        judged.facts,
        allocation_rule_name(judged.rule) as rule,
        allocation_team(judged.rule, judged.about) as team,
        allocation_pool(judged.rule) as pool
    from judged
),

owned as (
    select
        part.day,
        part.days,
        part.month,
        part.currency,
        part.facts.cloud as cloud,
        part.facts.account as account,
        part.facts.service as service,
        part.facts.cluster as cluster,
        part.facts.namespace as namespace,
        owner.rule,
        case
            when part.kind = 'idle' then 'idle'
            when owner.pool is not null then 'shared'
            when owner.team is not null then 'own'
            else 'unallocated'
        end as kind,
        if(part.kind = 'idle', 'idle', owner.pool) as pool,
        owner.team,
        sum(part.cost) as cost
    from part
    left join owner on if(part.kind = 'own', part.facts, null) = owner.facts
    group by all
),

pool as (
    select unnest(allocation_pools(), recursive := true)
),

-- The same pool is split by other weights in each month and currency, and idle in each cluster.
scope as (
    select distinct
        owned.month,
        owned.currency,
        owned.pool,
        if(owned.kind = 'idle', owned.cluster, null) as cluster
    from owned
    where owned.pool is not null
),

own_cost as (
    select
        owned.month,
        owned.currency,
        owned.team,
        null::varchar as cluster,
        sum(owned.cost) as cost
    from owned
    where owned.kind = 'own'
    group by all

    union all

    select
        owned.month,
        owned.currency,
        owned.team,
        owned.cluster,
        sum(owned.cost) as cost
    from owned
    where owned.kind = 'own' and owned.cluster is not null
    group by all
),

bearer as (
    select
        scope.month,
        scope.currency,
        scope.pool,
        scope.cluster,
        pool.split,
        pool.percents,
        unnest(pool.teams) as team
    from scope
    join pool on scope.pool = pool.name
    where len(pool.teams) > 0

    union all

    select
        scope.month,
        scope.currency,
        scope.pool,
        scope.cluster,
        pool.split,
        pool.percents,
        own_cost.team
    from scope
    join pool on scope.pool = pool.name
    join own_cost
        on
            scope.month = own_cost.month
            and scope.currency is not distinct from own_cost.currency
            and scope.cluster is not distinct from own_cost.cluster
    where len(pool.teams) = 0
),

weighed as (
    select
        bearer.month,
        bearer.currency,
        bearer.pool,
        bearer.cluster,
        bearer.team,
        case bearer.split
            when 'fixed' then (bearer.percents[bearer.team]::decimal(38, 9) * 1000000000)::hugeint
            when 'even' then 1::hugeint
            else greatest(money_units(coalesce(own_cost.cost, 0)), 0)
        end as wish,
        sum(wish) over (partition by bearer.month, bearer.currency, bearer.pool, bearer.cluster) as wishes
    from bearer
    left join own_cost
        on
            bearer.month = own_cost.month
            and bearer.currency is not distinct from own_cost.currency
            and bearer.team = own_cost.team
            and bearer.cluster is not distinct from own_cost.cluster
),

-- In proportion to nothing is evenly.
weight as (
    select
        weighed.* exclude (wish, wishes),
        if(weighed.wishes = 0, 1, weighed.wish // weight_divisor(weighed.wishes))::hugeint as weight
    from weighed
),

offered as (
    select
        owned.*,
        weight.team as bearer,
        weight.weight,
        abs(money_units(owned.cost)) as units,
        sum(weight.weight) over (
            partition by
                owned.day, owned.days, owned.month, owned.currency, owned.cloud, owned.account, owned.service,
                owned.cluster, owned.namespace, owned.rule, owned.pool
        )::hugeint as weights
    from owned
    join weight
        on
            owned.month = weight.month
            and owned.currency is not distinct from weight.currency
            and owned.pool = weight.pool
            and if(owned.kind = 'idle', owned.cluster, null) is not distinct from weight.cluster
),

-- Each gets the whole units below its share; the units that are left go to the largest rests.
divided as (
    select
        offered.*,
        whole_share(offered.units, offered.weight, offered.weights) as whole,
        share_left(offered.units, offered.weight, offered.weights) as rest
    from offered
),

paid as (
    select
        divided.*,
        divided.units - sum(divided.whole) over bill as units_over,
        row_number() over (bill order by divided.rest desc, divided.bearer asc) as place
    from divided
    window bill as (
        partition by
            divided.day, divided.days, divided.month, divided.currency, divided.cloud, divided.account,
            divided.service, divided.cluster, divided.namespace, divided.rule, divided.pool
    )
)

select
    owned.day, -- day on which the charge begins, UTC
    owned.days, -- of which the charge is, from that one on; 1 = of that one only
    owned.month, -- billing month
    owned.currency,
    owned.cloud,
    owned.account,
    owned.service,
    owned.cluster, -- null = no part of a Kubernetes cluster
    owned.namespace,
    owned.rule, -- null = none fits, or idle
    owned.kind, -- own, shared, idle, unallocated
    owned.pool, -- of shared and idle: whose split it is
    owned.team, -- null = nobody pays it
    owned.cost -- effective cost
from owned
where
    not exists (
        from weight
        where
            owned.month = weight.month
            and owned.currency is not distinct from weight.currency
            and owned.pool = weight.pool
            and if(owned.kind = 'idle', owned.cluster, null) is not distinct from weight.cluster
    )

union all

select
    paid.day,
    paid.days,
    paid.month,
    paid.currency,
    paid.cloud,
    paid.account,
    paid.service,
    paid.cluster,
    paid.namespace,
    paid.rule,
    paid.kind,
    paid.pool,
    paid.bearer as team,
    units_money(sign(paid.cost)::hugeint * (paid.whole + (paid.place <= paid.units_over)::integer)) as cost
from paid
where paid.cost <> 0 or paid.place = 1
