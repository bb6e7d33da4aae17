-- One row per commitment that is known from the inventory: when it ends.
select
    commitment.cloud,
    commitment.commitment_id,
    max(commitment.ends_at)::date as ends_on
from raw.commitment as commitment
where commitment.ends_at is not null
group by all
order by all
