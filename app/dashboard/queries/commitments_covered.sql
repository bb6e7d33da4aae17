-- One row: the share of usage of instances in this currency that commitments covered in the last 30 days that are billed.
select sum(covered.covered_cost) / nullif(sum(covered.usage_cost), 0) as coverage
from marts.commitment_covered_now as covered
where covered.currency = getvariable('currency')
