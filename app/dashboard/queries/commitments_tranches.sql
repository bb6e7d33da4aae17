-- One row per part of one purchase: when to buy how much.
select
    tranche.number,
    tranche.buy_on,
    tranche.free_on,
    tranche.quantity,
    tranche.commitment_hour
from models.commitment_tranche as tranche
where tranche.plan_id = getvariable('plan')
order by tranche.number
