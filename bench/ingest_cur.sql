-- One row per hour and resource of a month, in columns of AWS's Cost and Usage Report 2.0; $rows of them, a third covered by a plan.
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
        hour.x % 3 = 0 as is_covered,
        timestamp '2026-10-01' + to_hours(cast(hour.h as integer)) as starts_at,
        0.01 + (hour.x % 977) / 500.0 as price,
    from hour
)

select
    'Anniversary' as bill_bill_type,
    'AWS' as bill_billing_entity,
    timestamp '2026-11-01' as bill_billing_period_end_date,
    timestamp '2026-10-01' as bill_billing_period_start_date,
    'INV-2026-10' as bill_invoice_id,
    'Amazon Web Services EMEA SARL' as bill_invoicing_entity,
    '100000000000' as bill_payer_account_id,
    map { 'unit': 'shop' } as cost_category,
    'line-' || line.i as identity_line_item_id,
    'us-east-1' || chr(cast(97 + line.x % 3 as integer)) as line_item_availability_zone,
    'USD' as line_item_currency_code,
    'per hour of a machine' as line_item_line_item_description,
    if(line.is_covered, 'SavingsPlanCoveredUsage', 'Usage') as line_item_line_item_type,
    'RunInstances' as line_item_operation,
    ['AmazonEC2', 'AmazonRDS', 'AmazonS3', 'AWSLambda', 'AmazonDynamoDB', 'AmazonCloudWatch'][1 + line.x % 6]
        as line_item_product_code,
    'arn:aws:ec2:us-east-1:200000000000:instance/i-' || lpad(hex(line.x), 17, '0') as line_item_resource_id,
    line.price * line.quantity as line_item_unblended_cost,
    line.price as line_item_unblended_rate,
    cast(200000000000 + line.x % 40 as varchar) as line_item_usage_account_id,
    'team-' || line.x % 40 as line_item_usage_account_name,
    line.quantity as line_item_usage_amount,
    line.starts_at + interval 1 hour as line_item_usage_end_date,
    line.starts_at as line_item_usage_start_date,
    'BoxUsage:' || ['m6i.large', 'm6i.4xlarge', 'c7g.xlarge', 'r6i.2xlarge'][1 + line.x % 4] as line_item_usage_type,
    line.price * line.quantity * 1.1 as pricing_public_on_demand_cost,
    line.price * 1.1 as pricing_public_on_demand_rate,
    'OnDemand' as pricing_term,
    'Hrs' as pricing_unit,
    map { 'instance_type': 'm6i.large', 'operating_system': 'Linux' } as product,
    'Compute Instance' as product_product_family,
    'us-east-1' as product_region_code,
    'SKU' || line.x % 5000 as product_sku,
    map { 'user_team': 'team-' || line.x % 25, 'user_env': if(line.x % 4 = 0, 'prod', 'dev') } as resource_tags,
    if(line.is_covered, 'arn:aws:savingsplans::100000000000:savingsplan/' || line.x % 7, null)
        as savings_plan_savings_plan_a_r_n,
    if(line.is_covered, line.price * 0.7, null) as savings_plan_savings_plan_effective_cost,
from line
