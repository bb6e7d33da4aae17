-- title: Delete virtual desktops that nobody has logged in to for {days} days
-- kind: desktop
-- verb: delete
-- risk: R4
-- param days: 63
-- blind: Leave of absence; what its user keeps on it.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Always on, and no login in 63 days: AWS Compute Optimizer's rule for idle WorkSpaces
-- (https://docs.aws.amazon.com/compute-optimizer/latest/ug/idle-recommendations.html). The month of the last login is known,
-- so it counts from the end of that month; one that nobody ever used counts from when it was first seen. The milder
-- change is to let it stop by itself, for the smaller monthly fee and hours
-- (https://aws.amazon.com/workspaces-family/workspaces/pricing/), so the low end is zero. R4: its user's data goes with it. No
-- cloud lets the gate delete one yet, so a plan with it is refused: it is made by hand.
with judged as (
    select
        desktop.*,
        json_extract_string(desktop.config, '$.last_used') as last_used
    from marts.resource_now as desktop
    where
        desktop.kind = 'desktop'
        and coalesce(json_extract_string(desktop.config, '$.mode') = 'always_on', true)
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'absent' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    rate.cost_month as saving_month_high,
    case
        when judged.last_used = 'never' then 'always on, and nobody has ever logged in'
        when judged.last_used is not null then 'always on, last login in ' || judged.last_used
        else 'a desktop'
    end
    || costs(rate.cost_month, rate.currency) as reason,
    case
        when judged.last_used is null then 'when somebody last logged in'
        when json_extract_string(judged.config, '$.mode') is null then 'whether it stops by itself'
    end as missing
from judged
left join marts.resource_run_rate as rate
    on judged.cloud = rate.cloud and judged.resource_id = rate.resource_id
where
    judged.last_used is null
    or (judged.last_used = 'never' and judged.age_days >= $days)
    or last_day(try_cast(judged.last_used || '-01' as date)) < getvariable('as_of') - to_days($days::integer)
