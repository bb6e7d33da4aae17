-- title: Decide about backups that are no longer made
-- kind: backup_item
-- verb: review
-- risk: R0
-- about: governance
-- param days: 90
-- blind: A duty to keep the copies.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- No copy for 90 days: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit). Copies are billed as
-- long as they are kept, also of what was deleted
-- (https://learn.microsoft.com/azure/backup/backup-azure-delete-vault); on the bill they are the vault's, so what one
-- of them costs can't be told. Either the data is no longer needed, or a backup that somebody counts on has failed.
with judged as (
    select
        item.*,
        try_cast(json_extract_string(item.config, '$.last_backup_at') as timestamp) as last_at,
        date_diff('day', last_at, getvariable('as_of')) as days_ago
    from marts.resource_now as item
    where item.kind = 'backup_item'
)

select
    judged.source,
    judged.cloud,
    judged.account,
    judged.region,
    judged.resource_id,
    judged.state as before,
    'deleted, or made again' as after,
    if(judged.state = 'protectionstopped', 'its backups were stopped', 'it is protected')
    || coalesce(format(', the last copy is {} days old', judged.days_ago), '')
    || coalesce(', of ' || regexp_extract(judged.attached_to, '[^/;]+$'), '') as reason,
    if(judged.last_at is null, 'when the last copy was made', null) as missing
from judged
where
    coalesce(judged.days_ago >= $days, true)
