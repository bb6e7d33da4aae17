-- One row per item of a DigitalOcean invoice. Account, invoice and month stand in the JSON document beside the items or,
-- for the console's download, in the file's name: DigitalOcean Invoice 2026 Oct (<account>-<invoice>).csv.
with line as (
    select
        bill.*,
        bill.amount as cost,
        coalesce(bill.hours, bill.duration) as quantity,
        case when bill.hours is not null then 'Hours' else bill.duration_unit end as unit,
        coalesce(bill.product, '') in ('Taxes', 'Tax') as is_tax,
        moment(bill.start) as starts_at,
        -- The end is inclusive in tax rows: 23:59:59.
        if(second(moment(bill."end")) = 59, moment(bill."end") + interval 1 second, moment(bill."end")) as ends_at,
        coalesce(
            json_field(bill.beside, '$.billing_account'),
            json_field(bill.beside, '$.account_urn'),
            json_field(bill.beside, '$.team_uuid'),
            nullif(regexp_extract(bill.file_name, '\((\d+)-(\d+)\)', 1), ''),
            'digitalocean'
        ) as account,
        coalesce(
            json_field(bill.beside, '$.invoice_id'),
            nullif(regexp_extract(bill.file_name, '\((\d+)-(\d+)\)', 2), '')
        ) as invoice,
        coalesce(
            json_field(bill.beside, '$.billing_period'),
            json_field(bill.beside, '$.invoice_period'),
            nullif(regexp_extract(bill.file_name, '(20\d\d-(0[1-9]|1[0-2]))', 1), ''),
            strftime(
                try_strptime(regexp_extract(bill.file_name, '(20\d\d [A-Z][a-z][a-z])', 1) || ' 01', '%Y %b %d'),
                '%Y-%m'
            )
        ) as stated_month,
    from bill
),

dated as (
    select
        line.*,
        coalesce(
            strptime(left(line.stated_month, 7) || '-01', '%Y-%m-%d'),
            max(date_trunc('month', line.starts_at)) over ()
        ) as month,
    from line
)

select
    dated.cost as BilledCost,
    dated.account as BillingAccountId,
    'USD' as BillingCurrency,
    dated.month + interval 1 month as BillingPeriodEnd,
    dated.month as BillingPeriodStart,
    case
        when dated.is_tax then 'Tax'
        when dated.product in ('Credits', 'Credit') then 'Credit'
        when dated.product in ('Adjustments', 'Adjustment', 'Refunds') then 'Adjustment'
        else 'Usage'
    end as ChargeCategory,
    dated.description as ChargeDescription,
    case when dated.is_tax then 'One-Time' else 'Usage-Based' end as ChargeFrequency,
    dated.ends_at as ChargePeriodEnd,
    dated.starts_at as ChargePeriodStart,
    dated.quantity as ConsumedQuantity,
    dated.unit as ConsumedUnit,
    dated.cost as ContractedCost,
    dated.cost as EffectiveCost,
    dated.invoice as InvoiceId,
    'DigitalOcean' as InvoiceIssuerName,
    dated.cost as ListCost,
    case when not dated.is_tax then 'Standard' end as PricingCategory,
    'DigitalOcean' as ProviderName,
    'DigitalOcean' as PublisherName,
    -- As the API names it: droplets by number, everything else by UUID.
    case
        when
            dated.product in ('Droplets', 'GPU Droplets')
            or not coalesce(
                regexp_full_match(dated.resource_uuid, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'), false
            )
            then coalesce(dated.resource_id, dated.resource_uuid)
        else dated.resource_uuid
    end as ResourceId,
    case
        when dated.product in (
            'Droplets', 'Kubernetes Clusters', 'Kubernetes', 'Functions', 'App Platform',
            'GPU Droplets'
        ) then 'Compute'
        when dated.product in ('Volumes', 'Volume', 'Spaces', 'Snapshots', 'Backups', 'Images') then 'Storage'
        when dated.product in ('Managed Databases', 'Databases', 'Database Clusters') then 'Databases'
        when dated.product in ('Load Balancers', 'Floating IPs', 'Reserved IPs', 'Bandwidth') then 'Networking'
        when dated.product in ('Container Registry') then 'Developer Tools'
        when dated.product in ('Gradient AI', 'GenAI Platform') then 'AI and Machine Learning'
        else 'Other'
    end as ServiceCategory,
    dated.product as ServiceName,
    dated.project_name as SubAccountName,
    case when dated.project_name is not null then 'Project' end as SubAccountType,
    json_field(dated.beside, '$.invoice_uuid') as x_invoice_uuid,
    dated.extra as x_extra,
from dated
