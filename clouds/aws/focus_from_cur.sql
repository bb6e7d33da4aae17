-- One row per line of an AWS Cost and Usage Report, legacy or 2.0.
with line as (
    select
        bill.*,
        bill.line_item_line_item_type as kind,
        bill.line_item_usage_amount as quantity,
        bill.line_item_unblended_cost as unblended,
        coalesce(bill.line_item_net_unblended_cost, bill.line_item_unblended_cost) as cost,
        coalesce(bill.savings_plan_savings_plan_a_r_n, bill.reservation_reservation_a_r_n) as commitment,
        coalesce(bill.bill_invoicing_entity, bill.line_item_legal_entity, 'AWS') as issuer,
        coalesce(
            bill.product_product_name,
            json_field(bill.product, '$.product_name'),
            bill.line_item_product_code
        ) as service
    from bill
)

select
    line.line_item_availability_zone as AvailabilityZone,
    line.cost as BilledCost,
    line.bill_payer_account_id as BillingAccountId,
    line.bill_payer_account_name as BillingAccountName,
    line.line_item_currency_code as BillingCurrency,
    moment(line.bill_billing_period_end_date) as BillingPeriodEnd,
    moment(line.bill_billing_period_start_date) as BillingPeriodStart,
    case
        when line.kind = 'Tax' then 'Tax'
        when line.kind = 'Credit' then 'Credit'
        when line.kind = 'Refund' then 'Adjustment'
        when line.kind in ('Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') then 'Purchase'
        else 'Usage'
    end as ChargeCategory,
    case when line.kind = 'Refund' then 'Correction' end as ChargeClass,
    line.line_item_line_item_description as ChargeDescription,
    case
        when line.kind in ('RIFee', 'SavingsPlanRecurringFee') then 'Recurring'
        when line.kind in ('Fee', 'SavingsPlanUpfrontFee', 'Tax', 'Credit', 'Refund') then 'One-Time'
        else 'Usage-Based'
    end as ChargeFrequency,
    moment(line.line_item_usage_end_date) as ChargePeriodEnd,
    moment(line.line_item_usage_start_date) as ChargePeriodStart,
    case
        when line.savings_plan_savings_plan_a_r_n is not null then 'Spend'
        when line.reservation_reservation_a_r_n is not null then 'Usage'
    end as CommitmentDiscountCategory,
    line.commitment as CommitmentDiscountId,
    case
        when line.kind in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Used'
        when line.kind in ('SavingsPlanRecurringFee', 'RIFee') then 'Unused'
    end as CommitmentDiscountStatus,
    case
        when line.savings_plan_savings_plan_a_r_n is not null then 'Savings Plan'
        when line.reservation_reservation_a_r_n is not null then 'Reserved Instance'
    end as CommitmentDiscountType,
    line.quantity as ConsumedQuantity,
    line.pricing_unit as ConsumedUnit,
    case
        when line.kind = 'SavingsPlanNegation' then 0
        when line.kind = 'DiscountedUsage' then line.pricing_public_on_demand_cost
        else line.cost -- as negotiated, before what a plan saves
    end as ContractedCost,
    line.line_item_unblended_rate as ContractedUnitPrice,
    case
        when line.kind = 'SavingsPlanCoveredUsage'
            then
                coalesce(
                    line.savings_plan_net_savings_plan_effective_cost,
                    line.savings_plan_savings_plan_effective_cost
                )
        when line.kind = 'SavingsPlanRecurringFee'
            then line.savings_plan_total_commitment_to_date - line.savings_plan_used_commitment
        when line.kind in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') then 0
        when line.kind = 'DiscountedUsage'
            then
                coalesce(
                    line.reservation_net_effective_cost,
                    line.reservation_effective_cost
                )
        -- Without an upfront payment one of the two fees is blank; list_sum ignores it.
        when line.kind = 'RIFee'
            then
                coalesce(
                    list_sum([
                        line.reservation_net_unused_amortized_upfront_fee_for_billing_period,
                        line.reservation_net_unused_recurring_fee
                    ]),
                    list_sum([
                        line.reservation_unused_amortized_upfront_fee_for_billing_period,
                        line.reservation_unused_recurring_fee
                    ])
                )
        when line.kind = 'Fee' and line.reservation_reservation_a_r_n is not null then 0
        else line.cost
    end as EffectiveCost,
    line.bill_invoice_id as InvoiceId,
    case when line.issuer = 'AWS' or line.issuer like 'Amazon Web Services%' then 'AWS' else line.issuer end
        as InvoiceIssuerName,
    case
        when line.kind = 'SavingsPlanNegation' then 0
        else coalesce(
            times(line.pricing_public_on_demand_rate, line.quantity),
            line.pricing_public_on_demand_cost,
            case when line.kind in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') then null else line.cost end
        )
    end as ListCost,
    line.pricing_public_on_demand_rate as ListUnitPrice,
    case
        when line.kind in ('SavingsPlanCoveredUsage', 'DiscountedUsage') then 'Committed'
        when line.line_item_usage_type like '%SpotUsage%' then 'Dynamic'
        when line.kind in ('Tax', 'Credit', 'Refund') then null
        else 'Standard'
    end as PricingCategory,
    line.quantity as PricingQuantity,
    line.pricing_unit as PricingUnit,
    'AWS' as ProviderName,
    coalesce(line.line_item_legal_entity, 'AWS') as PublisherName,
    line.product_region as RegionId,
    line.product_location as RegionName,
    line.line_item_resource_id as ResourceId,
    case line.line_item_product_code
        when 'AmazonEC2'
            then
                case
                    when line.product_product_family in ('Storage', 'Storage Snapshot') then 'Storage'
                    when line.product_product_family in ('Data Transfer', 'IP Address', 'NAT Gateway', 'Load Balancer')
                        then 'Networking'
                    else 'Compute'
                end
        when 'AWSLambda' then 'Compute'
        when 'AmazonECS' then 'Compute'
        when 'AmazonEKS' then 'Compute'
        when 'AmazonLightsail' then 'Compute'
        when 'AmazonS3' then 'Storage'
        when 'AmazonS3GlacierDeepArchive' then 'Storage'
        when 'AmazonGlacier' then 'Storage'
        when 'AmazonEFS' then 'Storage'
        when 'AmazonFSx' then 'Storage'
        when 'AWSBackup' then 'Storage'
        when 'AmazonRDS' then 'Databases'
        when 'AmazonDynamoDB' then 'Databases'
        when 'AmazonElastiCache' then 'Databases'
        when 'AmazonRedshift' then 'Analytics'
        when 'AmazonAthena' then 'Analytics'
        when 'AWSGlue' then 'Analytics'
        when 'AmazonKinesis' then 'Analytics'
        when 'AmazonSageMaker' then 'AI and Machine Learning'
        when 'AmazonBedrock' then 'AI and Machine Learning'
        when 'AmazonVPC' then 'Networking'
        when 'AWSELB' then 'Networking'
        when 'AmazonCloudFront' then 'Networking'
        when 'AmazonRoute53' then 'Networking'
        when 'AWSDataTransfer' then 'Networking'
        when 'AmazonApiGateway' then 'Integration'
        when 'AWSQueueService' then 'Integration'
        when 'AmazonSNS' then 'Integration'
        when 'AmazonStates' then 'Integration'
        when 'AWSEvents' then 'Integration'
        when 'AmazonCloudWatch' then 'Management and Governance'
        when 'AWSCloudTrail' then 'Management and Governance'
        when 'AWSConfig' then 'Management and Governance'
        when 'AWSSystemsManager' then 'Management and Governance'
        when 'awskms' then 'Security'
        when 'awswaf' then 'Security'
        when 'AWSSecretsManager' then 'Security'
        when 'AmazonGuardDuty' then 'Security'
        when 'AWSSecurityHub' then 'Security'
        else 'Other'
    end as ServiceCategory,
    line.service as ServiceName,
    coalesce(line.product_sku, json_field(line.product, '$.sku')) as SkuId,
    coalesce(line.pricing_rate_code, line.pricing_rate_id) as SkuPriceId,
    line.line_item_usage_account_id as SubAccountId,
    line.line_item_usage_account_name as SubAccountName,
    line.tags as Tags,
    line.extra as x_extra,
from line
