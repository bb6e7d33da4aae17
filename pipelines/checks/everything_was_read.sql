-- Nothing failed when the sources were read the last time.
-- asset: marts/freshness
select
    freshness.source,
    freshness.what,
    freshness.until,
    freshness.failed
from marts.freshness as freshness
where freshness.failed is not null
