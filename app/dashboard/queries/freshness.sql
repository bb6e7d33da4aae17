-- One row per cloud and kind of reading: how far what we know reaches, the one furthest behind.
select
    coalesce(freshness.cloud, 'all') as cloud,
    freshness.what,
    max(freshness.last_charge_day) as last_charge_day,
    min(freshness.until) as until,
    max(freshness.age_hours) as age_hours,
    max(freshness.last_loaded_at) as last_loaded_at,
    string_agg(distinct freshness.failed, '; ') as failed,
    case
        when bool_or(freshness.failed is not null) then 'failed'
        when bool_or(freshness.is_late) then 'late'
        else 'up to date'
    end as state
from marts.freshness as freshness
group by freshness.cloud, freshness.what
order by freshness.cloud, freshness.what
