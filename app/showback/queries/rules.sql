-- One row per rule and currency that it fits: cost in a month, and the costliest of what it caught.
with caught as (
    select
        daily.rule,
        daily.currency,
        daily.account,
        daily.service,
        sum(daily.cost) as cost
    from tried as daily
    where daily.rule is not null and daily.month = getvariable('month')
    group by all
),

packed as (
    select
        caught.*,
        struct_pack(account := caught.account, service := caught.service, cost := caught.cost) as found
    from caught
)

select
    packed.rule,
    packed.currency,
    sum(packed.cost) as cost,
    count(*) as services, -- each in one account
    list_slice(array_agg(packed.found order by packed.cost desc, packed.account asc, packed.service asc), 1, 3)
        as largest
from packed
group by packed.rule, packed.currency
order by packed.rule asc, packed.currency asc
