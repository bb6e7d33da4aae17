-- Sources that state the same list price differ by no more than 2 %.
-- asset: marts/price_disagreement
select
    disagreement.cloud,
    disagreement.region,
    disagreement.instance_type,
    disagreement.currency,
    disagreement.source,
    disagreement.price_hour,
    disagreement.other_source,
    disagreement.other_price_hour
from marts.price_disagreement as disagreement
