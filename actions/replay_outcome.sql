-- One row per check and resource that it ever told of as a change to be made: what became of it by the last day.
-- `said` has every day's findings; past.whole.known and lake.raw.focus say what really happened.
with first_said as (
    select
        said.id,
        min(said.day) as first_day
    from said
    where said.status = 'open'
    group by all
),

finding as (
    select said.*
    from said
    join first_said on said.id = first_said.id and said.day = first_said.first_day
    where said.status = 'open'
    qualify row_number() over (partition by said.id order by said.source) = 1
),

later as (
    select
        finding.id,
        day.day,
        said.status,
        -- It is there on that day, and not yet as it should become. The inventory has no commitments.
        coalesce(
            bool_or(finding.after is distinct from resource.sku and finding.after is distinct from resource.state)
            filter (where resource.resource_id is not null),
            finding.kind = 'commitment'
        ) as is_there
    from finding
    join days as day on finding.day < day.day
    left join said on finding.id = said.id and day.day = said.day
    left join past.whole.known as resource
        on
            finding.source = resource.source
            and finding.cloud = resource.cloud
            and finding.account = resource.account
            and finding.resource_id = resource.resource_id
            and day.day >= resource.valid_from
            and coalesce(day.day < resource.valid_to, true)
    group by finding.id, day.day, said.status, finding.kind
),

judged as (
    select
        later.id,
        min(later.day) filter (where later.status is null and later.is_there) as broken_on,
        min(later.day) filter (where later.status is null and not later.is_there) as made_on,
        min(later.day) filter (where later.status = 'superseded') as superseded_on,
        count(*) as days_after,
        count(*) filter (where later.status = 'insufficient_data') as days_unknown
    from later
    group by all
),

billed_as as (
    select
        finding.id,
        finding.cloud,
        finding.currency,
        finding.day,
        finding.resource_id as billed_id
    from finding

    union

    select
        finding.id,
        finding.cloud,
        finding.currency,
        finding.day,
        named.billed_id
    from finding
    join lake.marts.billed_resource as named using (cloud, resource_id)
),

-- From the bills themselves, as marts.resource_cost_daily reaches 92 days back, and from the 14 days on of which a saving
-- is told: a machine that was billed before it was stopped has no bill of its own any more.
own_charge as (
    select
        billed_as.id,
        focus.ChargePeriodStart::date as first_day,
        greatest((focus.ChargePeriodEnd - interval 1 microsecond)::date - first_day, 0) + 1 as days,
        focus.EffectiveCost::double / days as cost,
        unnest(range(days)) as day_number
    from billed_as
    join lake.raw.focus as focus
        on
            billed_as.cloud = focus.x_cloud
            and billed_as.billed_id = focus.ResourceId
            and billed_as.currency = focus.BillingCurrency
            and billed_as.day - interval 14 day
            < coalesce(focus.ChargePeriodEnd, focus.ChargePeriodStart + interval 1 day)
),

own_day as (
    select
        own_charge.id,
        own_charge.first_day + own_charge.day_number::integer as day
    from own_charge
    where own_charge.first_day + own_charge.day_number::integer <= (select max(past.day)::date from days as past)
    group by all
    having sum(own_charge.cost) > 0
),

billed_day as ( -- of the account, where the bill is on something else: a machine's disks, what a commitment covers
    select own_day.*
    from own_day

    union all

    select distinct
        finding.id,
        cost.day
    from finding
    join lake.marts.daily_cost as cost
        on
            finding.cloud = cost.cloud
            and finding.account = cost.account
            and finding.currency = cost.currency
    anti join own_day on finding.id = own_day.id
),

billed as (
    select
        finding.id,
        count(*) as days
    from finding
    join billed_day on finding.id = billed_day.id and finding.day < billed_day.day
    left join judged on finding.id = judged.id
    where coalesce(billed_day.day < least(judged.broken_on, judged.made_on, judged.superseded_on), true)
    group by all
)

select
    finding.id,
    finding."check",
    finding.cloud,
    finding.account,
    finding.resource_id,
    finding.verb,
    finding.reason,
    finding.day as first_day,
    judged.broken_on,
    judged.made_on,
    case
        when judged.days_after is null then 'new'
        when judged.broken_on is not null and coalesce(judged.broken_on < judged.made_on, true) then 'broken'
        when judged.made_on is not null then 'made'
        when judged.days_unknown = judged.days_after then 'unknown'
        else 'held'
    end as outcome,
    finding.currency,
    coalesce(billed.days, 0) as days_billed,
    (finding.saving_month_low::double / 30.4375 * days_billed)::decimal(38, 6)::decimal(38, 18) as saved_low,
    (finding.saving_month_high::double / 30.4375 * days_billed)::decimal(38, 6)::decimal(38, 18) as saved_high
from finding
left join judged on finding.id = judged.id
left join billed on finding.id = billed.id
order by finding."check" asc, finding.day asc, finding.resource_id asc
