-- One row per source, cloud and kind of reading, what failed or is late first; of bills the source is the feed.
select
    coalesce(freshness.cloud, 'all') as cloud,
    freshness.source,
    freshness.what,
    max(freshness.last_charge_day) as last_charge_day,
    min(freshness.until) as until,
    max(freshness.age_hours) as age_hours,
    max(freshness.last_loaded_at) as last_loaded_at,
    string_agg(distinct freshness.failed, '; ') as failed,
    case
        when bool_or(freshness.failed is not null) then 'failed'
        when bool_or(freshness.is_late) then 'late'
        when bool_and(freshness.late_after_hours is null) then 'no longer read' -- removed from the settings
        else 'up to date'
    end as state
from marts.freshness as freshness
group by freshness.cloud, freshness.source, freshness.what
order by
    list_position(['failed', 'late', 'up to date', 'no longer read'], state) asc,
    freshness.cloud asc,
    freshness.what asc,
    freshness.source asc
