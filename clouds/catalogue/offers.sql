-- One row per cloud and instance type. Azure sizes are read from their names by the rules that Microsoft documents
-- for its naming convention and series; what the rules don't say stays null.
create or replace view offers_packaged as
with azure_name as (
    select distinct
        prices.instance_type,
        regexp_extract(
            prices.instance_type,
            '^(Standard|Basic)_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)((?:_[A-Z][A-Za-z0-9]*)*)(?:_v(\d+))?$',
            ['tier', 'letters', 'number', 'constrained', 'features', 'extra', 'version']
        ) as part
    from prices
    where prices.provider = 'azure'
),

azure_part as (
    select
        instance_type,
        part['letters'] as letters,
        try_cast(part['number'] as integer) as number,
        try_cast(part['constrained'] as integer) as constrained,
        part['features'] as features,
        coalesce(try_cast(part['version'] as integer), 1) as version,
        part['extra'] as extra,
        part['tier'] as tier
    from azure_name
),

azure_table (instance_type, vcpus, memory_gib) as (
    values
    ('Standard_B1ls', 1, 0.5), ('Standard_B1s', 1, 1), ('Standard_B1ms', 1, 2), ('Standard_B2s', 2, 4),
    ('Standard_B2ms', 2, 8), ('Standard_B4ms', 4, 16), ('Standard_B8ms', 8, 32), ('Standard_B12ms', 12, 48),
    ('Standard_B16ms', 16, 64), ('Standard_B20ms', 20, 80),
    ('Standard_D1_v2', 1, 3.5), ('Standard_D2_v2', 2, 7), ('Standard_D3_v2', 4, 14), ('Standard_D4_v2', 8, 28),
    ('Standard_D5_v2', 16, 56), ('Standard_D11_v2', 2, 14), ('Standard_D12_v2', 4, 28),
    ('Standard_D13_v2', 8, 56), ('Standard_D14_v2', 16, 112), ('Standard_D15_v2', 20, 140),
    ('Standard_DS1_v2', 1, 3.5), ('Standard_DS2_v2', 2, 7), ('Standard_DS3_v2', 4, 14), ('Standard_DS4_v2', 8, 28),
    ('Standard_DS5_v2', 16, 56), ('Standard_DS11_v2', 2, 14), ('Standard_DS12_v2', 4, 28),
    ('Standard_DS13_v2', 8, 56), ('Standard_DS14_v2', 16, 112), ('Standard_DS15_v2', 20, 140),
    ('Standard_A1_v2', 1, 2), ('Standard_A2_v2', 2, 4), ('Standard_A4_v2', 4, 8), ('Standard_A8_v2', 8, 16),
    ('Standard_A2m_v2', 2, 16), ('Standard_A4m_v2', 4, 32), ('Standard_A8m_v2', 8, 64)
),

azure_rule as (
    select
        *,
        case
            when letters in ('D', 'DC') and version >= 3 and features not like '%l%' then 4
            when letters = 'D' and version >= 5 and features like '%l%' then 2
            when letters in ('E', 'EC') and version >= 3 and number <= 48 then 8
            when letters = 'F' and version <= 2 then 2
            when letters = 'F' and version >= 6 and features like 'al%' then 2
            when letters = 'F' and version >= 6 and features like 'am%' then 8
            when letters = 'F' and version >= 6 and features like 'as%' then 4
            when letters = 'B' and version = 2 and features in ('s', 'as', 'ps') then 4
            when letters = 'B' and version = 2 and features in ('ls', 'als', 'pls') then 2
            when letters = 'L' and version <= 3 and number <= 80 then 8
        end as gib_per_vcpu
    from azure_part
    where tier = 'Standard' and extra = ''
),

azure as (
    select
        'azure' as cloud,
        azure_part.instance_type,
        azure_part.letters || azure_part.features
        || case when azure_part.version > 1 then '_v' || azure_part.version else '' end as family,
        coalesce(
            azure_table.vcpus,
            case
                when azure_rule.gib_per_vcpu is not null
                    then coalesce(azure_part.constrained, azure_part.number)
            end
        ) as vcpus,
        coalesce(azure_table.memory_gib, azure_part.number * azure_rule.gib_per_vcpu) as memory_gib,
        case
            when azure_part.features like '%p%' and azure_part.letters in ('B', 'D', 'E') then 'arm64'
            when azure_rule.gib_per_vcpu is not null or azure_table.vcpus is not null then 'x86_64'
        end as arch,
        azure_part.letters = 'B' as burstable,
        case when azure_part.letters not like 'N%' then 0 end as gpu_count,
        null as local_storage_gb,
        null as network_gbps,
        false as bare_metal,
        case
            when azure_part.letters in ('D', 'E') then azure_part.version >= 4
            when azure_part.letters in ('A', 'DS', 'DCS', 'G', 'GS', 'H') then false
            when azure_part.letters = 'B' then azure_part.version >= 2
        end as current_generation,
        'size name rules' as source
    from azure_part
    left join azure_rule using (instance_type)
    left join azure_table using (instance_type)
    where azure_part.letters <> ''
),

described as (
    select
        instances.provider as cloud,
        instances.instance_type,
        instances.family,
        instances.vcpus,
        instances.memory_gib,
        instances.arch,
        instances.burstable,
        coalesce(instances.gpu_count, 0) as gpu_count,
        instances.local_storage_gb,
        instances.net_gbps_base as network_gbps,
        instances.current_gen as current_generation,
        lower(instances.cpu_vendor) as cpu_vendor,
        instances.clock_ghz,
        lower(instances.gpu_model) as gpu_model,
        if(coalesce(instances.gpu_count, 0) = 0, 0, instances.gpu_mem_gib) as gpu_memory_gib,
        instances.accel_count as accelerator_count,
        instances.net_gbps_peak as network_peak_gbps,
        instances.max_enis as network_interfaces,
        instances.ebs_base_mbps as ebs_mbps,
        instances.ebs_base_iops as ebs_iops,
        instances.bare_metal,
        features_described.features,
        instances.spec_source as source
    from instances
    left join features_described
        on instances.provider = 'aws' and instances.instance_type = features_described.instance_type
),

stated as (
    select
        'digitalocean' as cloud,
        published.instance_type,
        published.family,
        published.vcpus,
        published.memory_gib,
        'x86_64' as arch,
        published.burstable,
        0 as gpu_count,
        published.local_storage_gb,
        null as network_gbps,
        true as current_generation,
        false as bare_metal,
        'digitalocean public price list' as source
    from published
    anti join described using (instance_type)
)

select
    cloud,
    instance_type,
    family,
    cast(vcpus as double) as vcpus,
    cast(memory_gib as double) as memory_gib,
    arch,
    burstable,
    cast(gpu_count as double) as gpu_count,
    cast(local_storage_gb as double) as local_storage_gb,
    cast(network_gbps as double) as network_gbps,
    current_generation,
    cpu_vendor,
    clock_ghz,
    gpu_model,
    if(gpu_count = 0, 0, gpu_memory_gib) as gpu_memory_gib,
    accelerator_count,
    network_peak_gbps,
    network_interfaces,
    ebs_mbps,
    ebs_iops,
    bare_metal,
    features,
    source
from (
    select * from described
    union all by name
    select * from stated
    union all by name
    select * from azure
)
order by cloud, instance_type;
