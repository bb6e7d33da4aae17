-- A legacy AWS Cost and Usage Report, as the acquired company still has it delivered.
select
    'Anniversary' as "bill/BillType",
    'AWS' as "bill/BillingEntity",
    strftime(month.ends_at, '%Y-%m-%dT%H:%M:%SZ') as "bill/BillingPeriodEndDate",
    strftime(month.starts_at, '%Y-%m-%dT%H:%M:%SZ') as "bill/BillingPeriodStartDate",
    month.invoice_prefix || issuer.invoice_code as "bill/InvoiceId",
    charge.billing_account as "bill/PayerAccountId",
    md5(concat_ws('/', charge.resource_id, charge.meter, charge.starts_at, charge.sku)) as "identity/LineItemId",
    strftime(charge.starts_at, '%Y-%m-%dT%H:%M:%SZ') || '/' || strftime(charge.ends_at, '%Y-%m-%dT%H:%M:%SZ')
        as "identity/TimeInterval",
    charge.zone as "lineItem/AvailabilityZone",
    charge.currency as "lineItem/CurrencyCode",
    'Amazon Web Services, Inc.' as "lineItem/LegalEntity",
    charge.product as "lineItem/LineItemDescription",
    case charge.charge_category when 'Usage' then 'Usage' else charge.charge_category end as "lineItem/LineItemType",
    charge.meter as "lineItem/Operation",
    charge.service as "lineItem/ProductCode",
    charge.resource_id as "lineItem/ResourceId",
    case charge.charge_category when 'Tax' then 'USSalesTax' end as "lineItem/TaxType",
    charge.billed_cost as "lineItem/UnblendedCost",
    charge.contracted_price as "lineItem/UnblendedRate",
    charge.account as "lineItem/UsageAccountId",
    charge.quantity as "lineItem/UsageAmount",
    strftime(charge.ends_at, '%Y-%m-%dT%H:%M:%SZ') as "lineItem/UsageEndDate",
    strftime(charge.starts_at, '%Y-%m-%dT%H:%M:%SZ') as "lineItem/UsageStartDate",
    case charge.kind
        when 'instance' then 'USW2-BoxUsage:' || charge.sku
        else 'USW2-' || charge.service || '-' || charge.meter
    end as "lineItem/UsageType",
    case charge.charge_category when 'Usage' then charge.list_cost end as "pricing/publicOnDemandCost",
    case charge.charge_category when 'Usage' then charge.list_price end as "pricing/publicOnDemandRate",
    case charge.charge_category when 'Usage' then 'OnDemand' end as "pricing/term",
    charge.unit as "pricing/unit",
    case charge.kind when 'instance' then charge.sku end as "product/instanceType",
    case charge.kind
        when 'instance' then 'Compute Instance' when 'disk' then 'Storage' when 'snapshot' then 'Storage Snapshot'
        when 'image' then 'Storage Snapshot' when 'address' then 'IP Address'
    end as "product/productFamily",
    nullif(charge.region, 'global') as "product/region",
    charge.sku_id as "product/sku",
    charge.tags ->> '$.team' as "resourceTags/user:team",
    charge.tags ->> '$.env' as "resourceTags/user:env",
    charge.tags ->> '$.app' as "resourceTags/user:app"
from charge
inner join issuer using (feed)
cross join month
where charge.feed = 'aws-cur'
