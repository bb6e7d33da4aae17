-- One row per cloud and instance type that could be rented; what a source has read goes before what is packaged.
-- group: market
select
    offer.* exclude (read_by),
    offer.read_by -- null = packaged
from raw.offer as offer
qualify
    row_number() over (
        partition by offer.cloud, offer.instance_type
        order by offer.read_by nulls last, offer.source
    ) = 1
