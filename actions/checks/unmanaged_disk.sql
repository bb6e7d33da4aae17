-- title: Move machines off unmanaged disks, which Azure retires
-- kind: instance
-- verb: configure
-- risk: R5
-- about: resilience
-- blind: Data disks, of which only the system disk is looked at.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No managed disk: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit). Azure retires unmanaged
-- disks (https://learn.microsoft.com/azure/virtual-machines/unmanaged-disks-deprecation); whether managed ones cost
-- more depends on how full the blob is. The machine has to be deallocated for it.
select
    machine.source,
    machine.cloud,
    machine.account,
    machine.region,
    machine.resource_id,
    'unmanaged disk' as before,
    'managed disk' as after,
    'starts from a blob of a storage account' as reason,
    null::varchar as missing
from marts.resource_now as machine
where
    machine.kind = 'instance'
    and json_extract_string(machine.config, '$.managed_disk') = 'false'
