-- title: Give SQL Server no more cores than its edition uses
-- kind: instance
-- verb: configure
-- risk: R5
-- money: share
-- param standard: 48
-- param web: 32
-- harm: It restarts once. Memory and disk bandwidth shrink with the size.
-- undo: Change it back to the larger size; that restarts it once more.
-- blind: Other programs on the machine, SQL Server that Azure does not know of, and newer versions, whose limits
-- blind: differ.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.machine_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Standard uses 24 cores, which are 48 vCPUs, and Web 16, which are 32
-- (https://learn.microsoft.com/sql/sql-server/compute-capacity-limits-by-edition-of-sql-server): AWS Trusted
-- Advisor's limits (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html). The high end
-- is the part of the bill beyond, as sizes of a family cost the same per vCPU; the low end is zero, since memory or
-- disks may need the size. Read where Azure knows of the SQL Server (its agent is installed). R5: which size fits,
-- nothing here says.
select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    coalesce(format('{:.0f} vCPUs', machine.vcpus), machine.sku) as before,
    format('{} vCPUs', if(engine.sku = 'web', $web, $standard)) as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    (rate.cost_month * (1 - if(engine.sku = 'web', $web, $standard) / machine.vcpus))::decimal(38, 18)
        as saving_month_high,
    format('SQL Server {} uses {}', engine.sku, if(engine.sku = 'web', $web, $standard))
    || coalesce(format(' of {:.0f}', machine.vcpus), '') || ' vCPUs'
    || costs(rate.cost_month, rate.currency) as reason,
    if(machine.vcpus is null, 'how many vCPUs ' || machine.sku || ' has', null) as missing
from marts.resource_now as engine
join marts.resource_now as machine
    on
        engine.source = machine.source
        and engine.attached_to = machine.resource_id
        and machine.kind = 'instance'
left join marts.machine_run_rate as rate
    on machine.cloud = rate.cloud and machine.resource_id = rate.resource_id
where
    engine.kind = 'sql_machine'
    and engine.sku in ('standard', 'web')
    and coalesce(machine.vcpus > if(engine.sku = 'web', $web, $standard), true)
