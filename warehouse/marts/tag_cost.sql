-- One row per billing month, account, service, currency, tag key and tag value.
-- A key splits all lines of resources: those without it are '(untagged)'. Beyond the 200 keys of most cost in a
-- currency, keys have rows of their values only: what lacks one of 40,000 keys would be a table without end.
-- Sums across keys count the same money again; filter one key.
-- group: cost
with tagset as (
    select distinct cost.tags
    from marts.tagset_cost as cost
    where cost.tags is not null and json_type(cost.tags) = 'OBJECT'
),

parsed as (
    select
        tagset.tags,
        from_json(tagset.tags, '"MAP(VARCHAR, VARCHAR)"') as pairs
    from tagset
),

-- A bill may name a key twice: the first counts, as in rules of allocation.
entry as (
    select
        parsed.tags,
        parsed.pairs,
        unnest(list_distinct(map_keys(parsed.pairs))) as tag_key
    from parsed
),

tag as (
    select
        entry.tags,
        entry.tag_key,
        entry.pairs[entry.tag_key] as tag_value
    from entry
    where trim(entry.pairs[entry.tag_key]) <> ''
),

tagged as (
    select
        cost.month,
        cost.cloud,
        cost.account,
        cost.service,
        tag.tag_key,
        tag.tag_value,
        cost.currency,
        sum(cost.effective_cost) as effective_cost,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.effective_cost) filter (where cost.has_resource) as resource_effective_cost,
        sum(cost.billed_cost) filter (where cost.has_resource) as resource_billed_cost,
        sum(cost.lines) filter (where cost.has_resource) as resource_lines
    from marts.tagset_cost as cost
    join tag using (tags)
    group by all
),

tagged_total as (
    select
        tagged.month,
        tagged.cloud,
        tagged.account,
        tagged.service,
        tagged.tag_key,
        tagged.currency,
        sum(tagged.resource_effective_cost) as effective_cost,
        sum(tagged.resource_billed_cost) as billed_cost,
        sum(tagged.resource_lines) as lines
    from tagged
    group by all
),

resource_total as (
    select
        cost.month,
        cost.cloud,
        cost.account,
        cost.service,
        cost.currency,
        sum(cost.effective_cost) as effective_cost,
        sum(cost.billed_cost) as billed_cost,
        sum(cost.lines) as lines
    from marts.tagset_cost as cost
    where cost.has_resource
    group by all
),

ranked as (
    select
        tagged.currency,
        tagged.tag_key
    from tagged
    group by tagged.currency, tagged.tag_key
    qualify
        row_number() over (
            partition by tagged.currency
            order by sum(tagged.effective_cost) desc nulls last, tagged.tag_key
        ) <= 200
),

tag_key as (
    select distinct ranked.tag_key
    from ranked
)

select
    tagged.month,
    tagged.cloud,
    tagged.account,
    tagged.service,
    tagged.tag_key,
    tagged.tag_value,
    tagged.currency,
    tagged.effective_cost,
    tagged.billed_cost
from tagged

union all

select
    resource_total.month,
    resource_total.cloud,
    resource_total.account,
    resource_total.service,
    tag_key.tag_key,
    '(untagged)' as tag_value,
    resource_total.currency,
    resource_total.effective_cost - coalesce(tagged_total.effective_cost, 0) as effective_cost,
    resource_total.billed_cost - coalesce(tagged_total.billed_cost, 0) as billed_cost
from resource_total
cross join tag_key
left join tagged_total
    on
        resource_total.month = tagged_total.month
        and resource_total.cloud = tagged_total.cloud
        and resource_total.account = tagged_total.account
        and resource_total.service = tagged_total.service
        and resource_total.currency is not distinct from tagged_total.currency
        and tag_key.tag_key = tagged_total.tag_key
where resource_total.lines > coalesce(tagged_total.lines, 0)
