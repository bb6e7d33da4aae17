-- One row per source that could not be read, with the reason, and per cloud of which something is late.
select
    freshness.source as name,
    string_agg(distinct freshness.what, ', ' order by freshness.what) || ' could not be read' as what,
    string_agg(distinct freshness.failed, ' ' order by freshness.failed) as reason,
    bool_or(freshness.what in ('bills', 'exports')) as is_money
from marts.freshness as freshness
where freshness.failed is not null
group by freshness.source

union all

select
    coalesce(freshness.cloud, freshness.source) as name,
    string_agg(
        distinct concat_ws(
            ' ',
            freshness.what,
            if(freshness.what = 'inventory', 'is', 'are'),
            round(freshness.age_hours / 24)::integer || ' days behind'
        ), ', '
    ) as what,
    null as reason,
    bool_or(freshness.what in ('bills', 'exports')) as is_money
from marts.freshness as freshness
where freshness.failed is null and freshness.is_late
group by coalesce(freshness.cloud, freshness.source)
order by reason asc nulls last, name asc
