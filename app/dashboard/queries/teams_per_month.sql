-- One row per month and team: the largest teams, nobody, and the rest as Other.
with ranked as (
    select
        showback.team,
        row_number() over (order by sum(showback.cost) desc, showback.team asc) as place
    from marts.showback_monthly as showback
    where showback.currency = getvariable('currency') and showback.team is not null
    group by showback.team
)

select
    showback.month,
    case
        when showback.team is null then '(nobody)'
        when ranked.place <= getvariable('most') then showback.team
        else 'Other'
    end as team,
    sum(showback.cost)::double as cost
from marts.showback_monthly as showback
left join ranked on showback.team = ranked.team
where showback.currency = getvariable('currency')
group by all
order by showback.month asc, cost desc
