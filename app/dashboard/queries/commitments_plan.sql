-- One row per commitment that could be bought in this currency, the recommended ones of most saving first.
select plan.*
from marts.commitment_plan_now as plan
where plan.currency = getvariable('currency')
order by plan.rank, plan.first_on -- named so that a snapshot without it is told to be older
