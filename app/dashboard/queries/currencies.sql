-- One row per currency, the one with the largest spend first.
select monthly_cost.currency
from marts.monthly_cost as monthly_cost
group by all
order by sum(monthly_cost.effective_cost) desc
