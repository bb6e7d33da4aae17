-- One row per cloud that has bills: the first day that none of its accounts is billed for completely yet.
-- group: health
select
    freshness.cloud,
    max(freshness.until)::date as until
from marts.freshness as freshness
where freshness.what = 'bills'
group by all
