-- One row per open recommendation, the largest saving first.
select
    recommendation_now.id,
    recommendation_now.title,
    coalesce(recommendation_now.resource_name, recommendation_now.resource_id) as resource,
    recommendation_now.saving_month_low::double as saving_month_low,
    recommendation_now.saving_month_high::double as saving_month_high
from marts.recommendation_now as recommendation_now
where recommendation_now.status = 'open' and recommendation_now.currency = getvariable('currency')
order by recommendation_now.saving_month_high desc nulls last, recommendation_now.id asc
limit 5
