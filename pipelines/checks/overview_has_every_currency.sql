-- The first page shows every currency that is billed, once.
-- asset: marts/overview
-- blocking: true
select
    daily.currency,
    count(distinct overview.currency) as shown
from marts.daily_cost as daily
left join marts.overview as overview using (currency)
where daily.currency is not null
group by all
having count(distinct overview.currency) <> 1
