-- One row per currency, the one with most lines on the bills first: sums of two currencies can't be compared.
select monthly_cost.currency
from marts.monthly_cost as monthly_cost
group by all
order by sum(monthly_cost.lines) desc, monthly_cost.currency asc
