-- Every feed of bills is known up to less than three days ago; providers take a day or two.
-- asset: marts/freshness
select
    freshness.source,
    freshness.cloud,
    freshness.billing_account,
    freshness.until,
    freshness.age_hours
from marts.freshness as freshness
where freshness.what = 'bills' and (freshness.age_hours > 72 or freshness.age_hours is null)
