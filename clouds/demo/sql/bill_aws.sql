-- AWS Data Exports, table FOCUS_1_2_AWS: FOCUS and the columns that AWS adds.
select
    focus_line.* exclude (
        x_feed, x_kind, PricingCurrencyContractedUnitPrice, PricingCurrencyEffectiveCost,
        PricingCurrencyListUnitPrice
    ),
    '[]' as x_Discounts,
    focus_line.SkuMeter as x_Operation,
    focus_line.ServiceName as x_ServiceCode,
    case
        when focus_line.SkuMeter is not null
            then upper(replace(coalesce(focus_line.RegionId, 'global'), '-', '')) || '-' || focus_line.SkuMeter
    end as x_UsageType
from focus_line
where focus_line.x_feed = 'aws'
