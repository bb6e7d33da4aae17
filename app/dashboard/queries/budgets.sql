-- One row per budget in this currency and period, the likeliest to be broken first; the period before is there for ten days.
select
    budget.name,
    concat_ws(' / ', budget.cloud, coalesce(named.account_name, budget.account), budget.service) as scope,
    budget.period,
    budget.ends_on - 1 as last_day,
    budget.amount::double as amount,
    budget.spent,
    budget.spent_share,
    budget.expected,
    budget.lo80,
    budget.hi80,
    budget.breach_probability,
    budget.breach_on,
    budget.status,
    budget.reason
from marts.budget_now as budget
left join lateral (
    select string_agg(distinct account.account_name, ' and ' order by account.account_name) as account_name
    from marts.account as account
    where account.account = budget.account and coalesce(account.cloud = budget.cloud, true)
) as named on true -- a budget need not say the cloud: then it is of all accounts of that id
where budget.currency = getvariable('currency')
order by budget.rank
