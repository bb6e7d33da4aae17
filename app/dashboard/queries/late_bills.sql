-- One row per cloud of which something is late or could not be read, with the reason.
select
    coalesce(freshness.cloud, freshness.source) as cloud,
    string_agg(
        distinct concat_ws(
            ' ',
            freshness.what,
            case
                when freshness.failed is not null then 'could not be read'
                when freshness.what = 'inventory' then 'is'
                else 'are'
            end,
            if(freshness.failed is null, round(freshness.age_hours / 24)::integer || ' days behind', null)
        ), ', '
    ) as reason
from marts.freshness as freshness
where freshness.failed is not null or freshness.is_late
group by all
order by cloud
