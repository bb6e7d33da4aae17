-- One row per cloud and billing account that has bills: up to when its usage is known, by whichever feed knows most.
-- group: health
select
    freshness.cloud,
    freshness.billing_account, -- null = the bill names none
    max(freshness.until) as until, -- UTC
    max_by(freshness.hours_to_next_bill, freshness.until) as hours_to_next_bill -- from then; 0 = bills come by the day
from marts.freshness as freshness
where freshness.what = 'bills'
group by all
