-- title: Put SQL Server on machines that use the cores its licence pays for
-- kind: instance
-- verb: review
-- risk: R0
-- about: governance
-- param least: 4
-- blind: Whether two of them may share a machine.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Four cores are the least that is licensed: AWS Trusted Advisor
-- (https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html) and Azure
-- (https://azure.microsoft.com/pricing/details/virtual-machines/windows/). Two small ones cost as much for licences
-- as one larger; what putting them together saves depends on which fit, so nothing is claimed. Read where Azure knows
-- of the SQL Server (its agent is installed) and it is paid by the hour.
select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    format('{:.0f} vCPUs', machine.vcpus) as before,
    format('{} vCPUs, or together with another', $least) as after,
    format('SQL Server {} is billed for {} vCPUs, and has {:.0f}', engine.sku, $least, machine.vcpus) as reason,
    null::varchar as missing
from marts.resource_now as engine
join marts.resource_now as machine
    on
        engine.source = machine.source
        and engine.attached_to = machine.resource_id
        and machine.kind = 'instance'
where
    engine.kind = 'sql_machine'
    and engine.sku in ('standard', 'web', 'enterprise')
    and json_extract_string(engine.config, '$.licence') = 'payg'
    and machine.vcpus < $least
