-- The first day that is not billed completely: of the feed that is furthest behind, unless it is days behind.
select
    coalesce(
        min(freshness.until) filter (where freshness.age_hours < 96),
        max(freshness.until)
    )::date as until
from marts.freshness as freshness
where freshness.what = 'bills'
