-- One row per scope and term in this currency: what all purchases do together.
select outlook.*
from models.commitment_outlook as outlook
where outlook.currency = getvariable('currency')
order by outlook.cloud, outlook.billing_account, outlook.term
