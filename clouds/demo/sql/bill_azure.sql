-- Azure Cost Management, type FocusCost: FOCUS and the columns that Microsoft adds.
select
    focus_line.* exclude (x_feed, x_kind),
    focus_line.SubAccountId as x_AccountId,
    focus_line.ContractedUnitPrice as x_BilledUnitPrice,
    '8615203' as x_BillingProfileId,
    focus_line.ContractedUnitPrice as x_EffectiveUnitPrice,
    case when focus_line.CommitmentDiscountStatus = 'Unused' then 'UnusedReservation' else focus_line.ChargeCategory end
        as x_ChargeType,
    regexp_extract(focus_line.ResourceId, '/resourcegroups/([^/]+)', 1) as x_ResourceGroupName,
    regexp_extract(focus_line.ResourceId, '/providers/([^/]+/[^/]+)', 1) as x_ResourceType,
    focus_line.ServiceName as x_SkuMeterCategory,
    focus_line.SkuMeter as x_SkuMeterName
from focus_line
where focus_line.x_feed = 'azure'
