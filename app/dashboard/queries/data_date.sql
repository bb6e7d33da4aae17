-- One row: the last day with charges in any bill.
select max(freshness.last_charge_day) as last_charge_day
from marts.freshness as freshness
where freshness.what = 'bills'
