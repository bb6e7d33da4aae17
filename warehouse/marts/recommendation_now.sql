-- One row per recommendation of the last run, open ones first, by what they save within their currency.
-- group: summary
select
    recommendation.*,
    rate.cost_month, -- what the resource costs now, effective
    resource.team,
    resource.env,
    row_number() over (
        partition by recommendation.currency
        order by
            recommendation.status = 'open' desc,
            recommendation.saving_month_high desc nulls last,
            recommendation.id asc
    ) as rank
from actions.recommendation as recommendation
left join marts.resource_run_rate as rate
    on
        recommendation.cloud = rate.cloud
        and recommendation.resource_id = rate.resource_id
        and recommendation.currency = rate.currency
left join marts.resource_now as resource
    on
        recommendation.source = resource.source
        and recommendation.cloud = resource.cloud
        and recommendation.account = resource.account
        and recommendation.resource_id = resource.resource_id
        and recommendation.kind = resource.kind
