-- One row per cloud, region, instance type, os, currency and price type of a commitment, beside the price on demand.
select
    committed.cloud,
    committed.region,
    committed.instance_type,
    committed.os,
    committed.currency,
    committed.price_type,
    committed.price_hour::double as price_hour,
    listed.price_hour::double as on_demand_hour
from marts.price as committed
join marts.price as listed using (cloud, region, instance_type, os, currency)
where
    regexp_matches(committed.price_type, '^(sp|sp_instance|cud|reservation)_[0-9]+y$')
    and listed.price_type = 'on_demand'
    and listed.price_hour > 0
order by all
