-- One row per check: how much its open recommendations would save.
select
    recommendation_now.check,
    sum(recommendation_now.saving_month_high)::double as saving_month_high
from marts.recommendation_now as recommendation_now
where recommendation_now.status = 'open' and recommendation_now.currency = getvariable('currency')
group by all
order by saving_month_high desc
limit 12
