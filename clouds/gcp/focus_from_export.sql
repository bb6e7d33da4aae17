-- One row per line of a Google Cloud billing export; credits stay inside their line, so no cost is repeated.
-- What a spend-based commitment covers has a consumption model of its own, whose price is its cost. The fee of the
-- commitment is a line, too, at a price of one US dollar per dollar, less a credit for what was used: what is left of it
-- lay idle (docs.cloud.google.com/docs/cuds-multiprice-datamodel).
with line as (
    select
        bill.*,
        bill.cost as charge,
        coalesce(credit_sum(bill.credits), 0) as credit,
        strptime(left(bill."invoice.month", 4) || right(bill."invoice.month", 2) || '01', '%Y%m%d') as month,
    from bill
),

dated as (
    select
        line.*,
        line.month + interval 1 month as next_month,
        line."subscription.instance_id" is not null
        and coalesce(line."consumption_model.description" <> 'Default', false) as is_covered,
        coalesce(
            case
                when line."subscription.instance_id" is not null and line."consumption_model.description" = 'Default'
                    then
                        line."price.effective_price" in (1, try_cast(line.currency_conversion_rate as decimal(38, 18)))
                        or contains(line.credits, 'FEE_UTILIZATION_OFFSET')
            end,
            false
        ) as is_fee,
    from line
)

select
    dated."location.zone" as AvailabilityZone,
    dated.charge as BilledCost,
    dated.billing_account_id as BillingAccountId,
    dated.currency as BillingCurrency,
    -- Midnight in Los Angeles: UTC-8 on the first of December to March, UTC-7 from April to November.
    dated.next_month + to_hours(if(month(dated.next_month) between 4 and 11, 7, 8)) as BillingPeriodEnd,
    dated.month + to_hours(if(month(dated.month) between 4 and 11, 7, 8)) as BillingPeriodStart,
    case dated.cost_type
        when 'tax' then 'Tax'
        when 'adjustment' then 'Adjustment'
        when 'rounding_error' then 'Adjustment'
        else 'Usage'
    end as ChargeCategory,
    dated."sku.description" as ChargeDescription,
    case when dated.cost_type in ('tax', 'adjustment', 'rounding_error') then 'One-Time' else 'Usage-Based' end
        as ChargeFrequency,
    moment(dated.usage_end_time) as ChargePeriodEnd,
    moment(dated.usage_start_time) as ChargePeriodStart,
    if(dated.is_covered or dated.is_fee, 'Spend', null) as CommitmentDiscountCategory,
    if(dated.is_covered or dated.is_fee, dated."subscription.instance_id", null) as CommitmentDiscountId,
    if(dated.is_covered, dated."consumption_model.description", null) as CommitmentDiscountName,
    case when dated.is_covered then 'Used' when dated.is_fee then 'Unused' end as CommitmentDiscountStatus,
    if(dated.is_covered or dated.is_fee, 'Committed Use Discount', null) as CommitmentDiscountType,
    dated."usage.amount" as ConsumedQuantity,
    dated."usage.unit" as ConsumedUnit,
    if(dated.is_covered, dated.cost_at_effective_price_default, dated.charge) as ContractedCost,
    if(dated.is_covered, dated."price.effective_price_default", dated."price.effective_price") as ContractedUnitPrice,
    dated.charge + dated.credit as EffectiveCost,
    'Google Cloud' as InvoiceIssuerName,
    coalesce(
        dated.cost_at_list,
        if(dated.cost_type in ('tax', 'adjustment', 'rounding_error'), dated.charge, null)
    ) as ListCost,
    case
        when coalesce(dated.cost_type, 'regular') = 'regular'
            then if(dated.is_covered or dated.is_fee, 'Committed', 'Standard')
    end as PricingCategory,
    dated."usage.amount_in_pricing_units" as PricingQuantity,
    dated."usage.pricing_unit" as PricingUnit,
    'Google Cloud' as ProviderName,
    coalesce(dated.seller_name, 'Google Cloud') as PublisherName,
    coalesce(dated."location.region", dated."location.location") as RegionId,
    coalesce(dated."resource.global_name", dated."resource.name") as ResourceId,
    dated."resource.name" as ResourceName,
    case
        when dated."service.description" in (
            'Compute Engine', 'Kubernetes Engine', 'Cloud Run', 'Cloud Functions',
            'App Engine', 'Cloud Run Functions'
        ) then 'Compute'
        when dated."service.description" in ('Cloud Storage', 'Cloud Filestore', 'Backup for GKE') then 'Storage'
        when dated."service.description" in (
            'Cloud SQL', 'Cloud Bigtable', 'Bigtable', 'Cloud Spanner', 'Spanner',
            'Firestore', 'Cloud Firestore', 'Cloud Memorystore for Redis', 'AlloyDB'
        ) then 'Databases'
        when dated."service.description" in (
            'BigQuery', 'Cloud Dataflow', 'Cloud Dataproc', 'Cloud Composer',
            'BigQuery Storage API', 'BigQuery Reservation API'
        ) then 'Analytics'
        when dated."service.description" in ('Networking', 'Cloud DNS', 'Cloud CDN', 'Cloud Load Balancing')
            then 'Networking'
        when dated."service.description" in ('Vertex AI', 'Cloud Natural Language', 'Cloud Vision API')
            then 'AI and Machine Learning'
        when dated."service.description" in ('Cloud Logging', 'Cloud Monitoring', 'Stackdriver Logging')
            then 'Management and Governance'
        when dated."service.description" in ('Cloud Pub/Sub', 'Cloud Tasks', 'Cloud Scheduler') then 'Integration'
        when dated."service.description" in ('Cloud Armor', 'Secret Manager', 'Cloud Key Management Service (KMS)')
            then 'Security'
        else 'Other'
    end as ServiceCategory,
    dated."service.description" as ServiceName,
    dated."sku.id" as SkuId,
    dated."project.id" as SubAccountId,
    dated."project.name" as SubAccountName,
    'Project' as SubAccountType,
    tag_object(dated.labels) as Tags, -- what is no list, as pandas writes it, stays as it is
    nullif(dated.credit, 0) as x_credits,
    dated.extra as x_extra,
from dated
