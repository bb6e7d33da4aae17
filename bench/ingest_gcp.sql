-- One row per hour and resource of a month, in columns of Google Cloud's detailed billing export; $rows of them, a third with two credits.
with hour as (
    select
        range as i,
        range % 744 as h,
        cast(hash(range // 744) >> 2 as bigint) as x,
        1 + (hash(range) % 1000000) / 1e6 as quantity,
    from range($rows)
),

line as (
    select
        hour.*,
        timestamp '2026-10-01 07:00:00' + to_hours(cast(hour.h as integer)) as starts_at,
        0.01 + (hour.x % 977) / 500.0 as price,
    from hour
)

select
    '01ABCD-23EF45-678901' as billing_account_id,
    {
        'id': '6F81-5844-456A',
        'description': ['Compute Engine', 'Cloud SQL', 'Cloud Storage', 'BigQuery', 'Networking', 'Cloud Logging'][
            1 + line.x % 6
        ]
    } as service,
    { 'id': 'SKU' || line.x % 5000, 'description': 'N2 Instance Core running in Belgium' } as sku,
    line.starts_at as usage_start_time,
    line.starts_at + interval 1 hour as usage_end_time,
    {
        'id': 'shop-' || line.x % 40,
        'number': cast(100000 + line.x % 40 as varchar),
        'name': 'Shop',
        'labels': [{ 'key': 'unit', 'value': 'shop' }],
        'ancestry_numbers': '/1/2/3/'
    } as project,
    [
        { 'key': 'team', 'value': 'team-' || line.x % 25 },
        { 'key': 'env', 'value': if(line.x % 4 = 0, 'prod', 'dev') }
    ] as labels,
    [{ 'key': 'compute.googleapis.com/machine_spec', 'value': 'n2-standard-4' }] as system_labels,
    { 'location': 'europe-west1', 'country': 'BE', 'region': 'europe-west1', 'zone': 'europe-west1-b' } as location,
    timestamp '2026-11-01 09:00:00' as export_time,
    line.price * line.quantity as cost,
    'EUR' as currency,
    0.92 as currency_conversion_rate,
    {
        'amount': line.quantity * 3600,
        'unit': 'seconds',
        'amount_in_pricing_units': line.quantity,
        'pricing_unit': 'hour'
    } as usage,
    if(
        line.x % 3 = 0,
        [
            {
                'id': 'c-1',
                'name': 'Committed use',
                'full_name': 'Committed use discount - dollar based: GCE Commitments',
                'type': 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE',
                'amount': -line.price * line.quantity * 0.3
            },
            {
                'id': 'p-1',
                'name': 'Trial',
                'full_name': 'Trial',
                'type': 'PROMOTION',
                'amount': -line.price * line.quantity * 0.1
            }
        ],
        []
    ) as credits,
    { 'month': '202610' } as invoice,
    'regular' as cost_type,
    line.price * line.quantity * 1.1 as cost_at_list,
    { 'effective_price': cast(line.price as decimal(38, 9)), 'unit': 'hour' } as price,
    {
        'name': 'vm-' || line.x,
        'global_name': '//compute.googleapis.com/projects/1/zones/europe-west1-b/instances/' || line.x
    } as resource,
from line
