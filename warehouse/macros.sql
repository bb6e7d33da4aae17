-- What marts share; made for the time in which they are built.

-- How a bill calls what it charges for: the provider's usage type, or else the meter of the price, or else the words
-- that describe the line.
create or replace temp macro billed_meter(extra, sku_meter, description) as
coalesce(
    json_extract_string(extra, '$.x_UsageType'), -- FOCUS exports of AWS
    json_extract_string(extra, '$.line_item_usage_type'), -- its own reports
    json_extract_string(extra, '$."lineItem/UsageType"'), -- the older ones
    sku_meter,
    description,
    '(unknown)'
);
