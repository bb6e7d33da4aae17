-- One row per recommendation, open ones first, the largest saving first.
select
    recommendation_now.*,
    coalesce(named.account_name, recommendation_now.account) as account_name,
    replace(recommendation_now.check, '_', ' ') as check_name,
    coalesce(
        recommendation_now.resource_name,
        case when recommendation_now.resource_id = recommendation_now.account then named.account_name end,
        recommendation_now.resource_id
    ) as resource,
    recommendation_now.saving_month_low::double as low,
    recommendation_now.saving_month_high::double as high,
    winner.title as superseded_by_title
from marts.recommendation_now as recommendation_now
left join marts.account as named using (cloud, account)
left join actions.recommendation as winner on recommendation_now.superseded_by = winner.id
where recommendation_now.currency = getvariable('currency') or recommendation_now.currency is null
order by recommendation_now.rank, recommendation_now.id
