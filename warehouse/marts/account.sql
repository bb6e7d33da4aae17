-- One row per cloud and account that a bill calls by a name: its newest name.
-- group: cost
select
    daily.cloud,
    daily.account,
    -- Of two names of one day, the last by letter: the same one in every build.
    max_by(daily.account_name, (daily.day, daily.account_name)) as account_name
from marts.daily_cost as daily
where daily.account_name <> ''
group by all
