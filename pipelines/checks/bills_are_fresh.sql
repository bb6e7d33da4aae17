-- Every feed of bills is known up to less than its limit ago (three days by default); providers take a day or two.
-- asset: marts/freshness
select
    freshness.source,
    freshness.cloud,
    freshness.billing_account,
    freshness.until,
    freshness.age_hours
from marts.freshness as freshness
where freshness.what = 'bills' and (freshness.is_late or freshness.age_hours is null)
