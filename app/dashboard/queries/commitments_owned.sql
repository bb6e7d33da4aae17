-- One row per owned commitment in this currency, or of which no bill tells a currency; the next to end first.
select
    owned.commitment_id,
    owned.cloud,
    coalesce(replace(owned.kind, '_', ' '), 'commitment') as kind,
    coalesce(owned.region, 'any') as region,
    coalesce(owned.covers, 'any') as covers,
    owned.utilisation,
    owned.committed_cost::double as committed_cost,
    owned.unused_cost::double as unused_cost,
    owned.saved_cost,
    owned.ends_at::date as ends_on,
    owned.days_left
from marts.commitment_owned as owned
where owned.currency = getvariable('currency') or owned.currency is null
order by owned.ends_at asc nulls last, owned.commitment_id asc
