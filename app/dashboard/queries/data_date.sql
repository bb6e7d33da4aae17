-- One row: the last day that any bill reaches, by a charge that begins on it or by usage that is known to its end.
select
    max(
        greatest(freshness.last_charge_day, (freshness.until - interval 1 microsecond)::date)
    ) as last_charge_day
from marts.freshness as freshness
where freshness.what = 'bills'
