-- title: Upgrade storage accounts of the old kinds
-- kind: bucket
-- verb: configure
-- risk: R5
-- about: governance
-- blind: How the account is used, which decides whether StorageV2 costs less.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Kinds Storage and BlobStorage: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit). Only
-- StorageV2 has tiers for cold data together with everything else; the upgrade is online and can't be undone
-- (https://learn.microsoft.com/azure/storage/common/storage-account-upgrade). Its operations may cost more, so what
-- it saves depends on use.
select
    account.source,
    account.cloud,
    account.account,
    account.region,
    account.resource_id,
    json_extract_string(account.config, '$.type') as before,
    'StorageV2' as after,
    'of the kind ' || json_extract_string(account.config, '$.type') as reason,
    null::varchar as missing
from marts.resource_now as account
where
    account.kind = 'bucket'
    and account.cloud = 'azure'
    and json_extract_string(account.config, '$.type') in ('Storage', 'BlobStorage')
