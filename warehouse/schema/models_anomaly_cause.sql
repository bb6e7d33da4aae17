-- One row per cost incident and candidate cause: a value of one dimension, and what it explains.
create table if not exists models.anomaly_cause (
    id VARCHAR, -- models.anomaly.id
    rank INTEGER, -- 1 = the cause; how it is chosen is in docs/incidents.md
    dimension VARCHAR, -- resource, sku, tag, region, charge_category, account, service
    value VARCHAR, -- of a tag key=value
    name VARCHAR, -- what the bill calls a resource or an SKU; null = nothing
    actual DECIMAL(38, 9), -- effective cost in the abnormal days
    expected DECIMAL(38, 9), -- from the same weekdays of the four weeks before that were as expected
    impact DECIMAL(38, 9), -- actual - expected = the sum of the four effects, to the last digit
    quantity_effect DECIMAL(38, 9), -- more or less of it, at the price it had before
    price_effect DECIMAL(38, 9), -- another price for the same
    mix_effect DECIMAL(38, 9), -- other SKUs of the same unit
    unknown_effect DECIMAL(38, 9), -- of what the bill names no SKU or no quantity for
    share DOUBLE, -- of the incident's impact; dimensions overlap, so only shares of one add up
    is_new BOOLEAN, -- there was none of it in the four weeks before, not even for nothing
    is_gone BOOLEAN, -- there is none of it in the abnormal days, not even for nothing
    changes VARCHAR, -- what the inventory or a plan of ours did to it at that time; null = nothing known
    evidence VARCHAR -- SQL that shows the rows
);
