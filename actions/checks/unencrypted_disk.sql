-- title: Encrypt disks
-- kind: disk
-- verb: review
-- risk: R0
-- about: security
-- blind: Disks whose machine encrypts them itself.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Cloud Custodian's examples (https://cloudcustodian.io/docs/aws/examples/). A volume of AWS that is not encrypted stays so:
-- an encrypted copy of a snapshot of it takes its place. Azure, Google Cloud and DigitalOcean encrypt every disk.
select
    disk.source,
    disk.cloud,
    disk.account,
    disk.region,
    disk.resource_id,
    'not encrypted' as before,
    'encrypted' as after,
    'not encrypted'
    || coalesce(format(', {:.0f} GiB', disk.size_gib), '')
    || coalesce(', serves ' || disk.env, '') as reason
from marts.resource_now as disk
where disk.kind = 'disk' and json_extract_string(disk.config, '$.encrypted') = 'false'
