-- One row per source, cloud and kind of reading; of bills also per billing account. Without sources that were removed.
select
    freshness.source,
    freshness.cloud,
    freshness.billing_account as account,
    freshness.what,
    freshness.until,
    freshness.late_after_hours,
    freshness.failed
from marts.freshness as freshness
where freshness.late_after_hours is not null or freshness.failed is not null
order by all
