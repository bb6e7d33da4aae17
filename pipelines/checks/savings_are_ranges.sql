-- Every open recommendation saves money in a currency, from a lower to a higher estimate.
-- asset: actions/recommendation
-- blocking: true
select
    recommendation.id,
    recommendation."check",
    recommendation.resource_id,
    recommendation.currency,
    recommendation.saving_month_low,
    recommendation.saving_month_high
from actions.recommendation as recommendation
where
    recommendation.status = 'open'
    and (
        recommendation.currency is null
        or recommendation.saving_month_low is null
        or recommendation.saving_month_high is null
        or recommendation.saving_month_low > recommendation.saving_month_high
    )
