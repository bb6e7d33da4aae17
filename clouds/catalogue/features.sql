-- One row per AWS instance type: what DescribeInstanceTypes says beyond numbers, as a list of words.
-- `described` is that answer, a JSON object per instance type.
create or replace view features_described as
with stated as (
    select
        described.instance_type,
        flag.word,
        flag.path
    from described
    cross join (
        values
        ('auto_recovery', '$.AutoRecoverySupported'),
        ('dedicated_hosts', '$.DedicatedHostsSupported'),
        ('free_tier', '$.FreeTierEligible'),
        ('hibernation', '$.HibernationSupported'),
        ('efa', '$.NetworkInfo.EfaSupported'),
        ('encryption_in_transit', '$.NetworkInfo.EncryptionInTransitSupported'),
        ('ipv6', '$.NetworkInfo.Ipv6Supported')
    ) as flag (word, path)
    where json_extract_string(described.said, flag.path) = 'true'
),

supported as (
    select
        described.instance_type,
        flag.word
    from described
    cross join (
        values
        ('ena', '$.NetworkInfo.EnaSupport'),
        ('ebs_optimized', '$.EbsInfo.EbsOptimizedSupport'),
        ('ebs_nvme', '$.EbsInfo.NvmeSupport'),
        ('nvme', '$.InstanceStorageInfo.NvmeSupport'),
        ('disk_encryption', '$.InstanceStorageInfo.EncryptionSupport')
    ) as flag (word, path)
    where json_extract_string(described.said, flag.path) in ('supported', 'required', 'default')
),

named as (
    select
        described.instance_type,
        'hypervisor:' || json_extract_string(described.said, '$.Hypervisor') as word
    from described

    union all

    select
        described.instance_type,
        'virtualization:' || unnest(json_extract_string(described.said, '$.SupportedVirtualizationTypes[*]')) as word
    from described

    union all

    select
        described.instance_type,
        'root:' || unnest(json_extract_string(described.said, '$.SupportedRootDeviceTypes[*]')) as word
    from described

    union all

    select
        described.instance_type,
        'placement:'
        || unnest(json_extract_string(described.said, '$.PlacementGroupInfo.SupportedStrategies[*]')) as word
    from described

    union all

    select
        described.instance_type,
        'usage:' || unnest(json_extract_string(described.said, '$.SupportedUsageClasses[*]')) as word
    from described

    union all

    select
        described.instance_type,
        'disk:' || unnest(json_extract_string(described.said, '$.InstanceStorageInfo.Disks[*].Type')) as word
    from described

    union all

    select
        described.instance_type,
        'fpga:' || unnest(json_extract_string(described.said, '$.FpgaInfo.Fpgas[*].Name')) as word
    from described

    union all

    select
        described.instance_type,
        'inference:'
        || unnest(json_extract_string(described.said, '$.InferenceAcceleratorInfo.Accelerators[*].Name')) as word
    from described
)

select
    word.instance_type,
    list(distinct lower(word.word) order by lower(word.word)) as features
from (
    select
        stated.instance_type,
        stated.word
    from stated
    union all
    select
        supported.instance_type,
        supported.word
    from supported
    union all
    select
        named.instance_type,
        named.word
    from named
) as word
where word.word is not null
group by all;
