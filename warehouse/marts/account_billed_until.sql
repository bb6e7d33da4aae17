-- One row per cloud and billing account that has bills: up to when its usage is known, by whichever feed knows most.
-- group: health
select
    freshness.cloud,
    freshness.billing_account, -- null = the bill names none
    max(freshness.until) as until -- UTC
from marts.freshness as freshness
where freshness.what = 'bills'
group by all
