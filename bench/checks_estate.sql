-- An estate of getvariable('resources') resources at getvariable('as_of'): inventory, measurements, bills and readings.
create or replace temp table made as
select
    range as n,
    ['instance', 'instance', 'instance', 'instance', 'disk', 'disk', 'disk', 'database', 'address', 'snapshot'][
        1 + range % 10
    ] as kind,
    ['aws', 'azure', 'gcp', 'aws'][1 + range // 10 % 4] as cloud,
    'account-' || range // 40 % 25 as account,
    (hash(range) % 1000) / 1000.0 as luck,
    cloud || '-' || kind || '-' || range as resource_id
from range(getvariable('resources'));

insert into raw.resource by name
select
    made.cloud as source,
    made.cloud,
    made.account,
    map {'aws': 'us-east-1', 'azure': 'eastus', 'gcp': 'us-central1'}[made.cloud] as region,
    made.resource_id,
    made.kind,
    made.resource_id as name,
    case
        when made.kind = 'instance'
            then map {
                'aws': ['m5.large', 'm5.2xlarge', 'c5.xlarge', 'm4.xlarge'],
                'azure': ['Standard_D2s_v5', 'Standard_D8s_v5', 'Standard_D4s_v3', 'Standard_F4s_v2'],
                'gcp': ['n2-standard-2', 'n2-standard-8', 'e2-standard-4', 'n1-standard-4']
            }[made.cloud][1 + made.n // 7 % 4]
        when made.kind = 'disk' then map {'aws': 'gp2', 'azure': 'Premium_LRS', 'gcp': 'pd-ssd'}[made.cloud]
    end as sku,
    case
        when made.kind = 'instance' then if(made.luck < 0.05, 'stopped', 'running')
        when made.kind = 'disk' then if(made.luck < 0.1, 'available', 'in_use')
        else 'available'
    end as state,
    getvariable('as_of') - interval 60 day as state_since,
    getvariable('as_of') - interval 200 day as created_at,
    if(
        (made.kind = 'disk' and made.luck >= 0.1) or (made.kind = 'address' and made.luck >= 0.3),
        made.cloud || '-instance-' || made.n // 10 * 10 + made.n % 4,
        null
    ) as attached_to,
    100.0 as size_gib,
    json_object(
        'team', 'team-' || made.n % 30, 'environment', ['production', 'staging', 'dev'][1 + made.n % 3]
    )::varchar as tags,
    '{}' as config,
    getvariable('as_of') - interval 100 day as valid_from
from made;

insert into raw.metric by name
select
    made.cloud as source,
    made.cloud,
    made.account,
    'us-east-1' as region,
    made.resource_id,
    measure.metric,
    getvariable('as_of') - to_hours(hours.h::integer) as hour,
    measure.scale * made.luck * made.luck * (0.6 + 0.4 * sin(hours.h / 3.82)) as avg,
    avg * (1 + (hash(made.n, hours.h, measure.metric) % 1000) / 1000.0) as max,
    max * 0.95 as p95,
    max * 0.99 as p99,
    12 as samples
from made
cross join (
    values ('cpu_percent', 90.0), ('memory_percent', 90.0), ('network_bytes_s', 1e7), ('disk_ops_s', 500.0)
) as measure (metric, scale)
cross join (select range + 1 as h from range(768)) as hours;

insert into raw.focus by name
select
    made.cloud as x_cloud,
    made.cloud as x_source,
    made.account as SubAccountId,
    made.account as BillingAccountId,
    made.cloud as ProviderName,
    made.kind as ServiceName,
    made.resource_id as ResourceId,
    'USD' as BillingCurrency,
    'Usage' as ChargeCategory,
    getvariable('as_of') - to_days(days.d::integer) as ChargePeriodStart,
    ChargePeriodStart + interval 1 day as ChargePeriodEnd,
    date_trunc('month', ChargePeriodStart) as BillingPeriodStart,
    round(1 + 9 * made.luck, 4)::decimal(38, 18) as EffectiveCost,
    EffectiveCost as BilledCost,
    EffectiveCost as ListCost,
    EffectiveCost as ContractedCost
from made
cross join (select range + 1 as d from range(40)) as days;

insert into raw.read by name
select distinct
    made.cloud as source,
    what.what,
    made.cloud,
    made.account,
    getvariable('as_of') as read_at,
    getvariable('as_of') as until,
    30.0 as late_after_hours
from made
cross join (values ('inventory'), ('metrics'), ('bills')) as what (what);
