-- One row per price that two readers state more than 2 % apart, in the same currency: one of them is old or wrong.
-- Spot prices change by the hour and estimates are none: neither is compared.
-- group: market
select
    price.cloud,
    price.region,
    price.instance_type,
    price.os,
    price.price_type,
    price.currency,
    price.read_by, -- what is reckoned with
    price.source,
    price.as_of,
    price.price_hour,
    other.read_by as other_read_by,
    other.source as other_source,
    other.as_of as other_as_of,
    other.price_hour as other_price_hour,
    other.price_hour::double / price.price_hour::double - 1 as difference -- of the other, as a share of the one reckoned with
from marts.price as price
join raw.price as other using (cloud, region, instance_type, os, price_type, currency)
where
    price.price_type not like 'spot%'
    and (other.read_by, other.source) is distinct from (price.read_by, price.source)
    and price.price_hour > 0
    and abs(other.price_hour - price.price_hour) > 0.02 * price.price_hour
