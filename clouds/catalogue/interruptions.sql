-- One row per cloud, region, instance type and os: in how many of a hundred months a spot machine is taken away, as a
-- bucket from `low_percent` to `high_percent`; the last one has no upper end.
create or replace view interruptions_packaged as
select
    'aws' as cloud,
    advised.region,
    advised.instance_type,
    advised.os,
    bucket.low_percent::double as low_percent,
    bucket.high_percent::double as high_percent
from advised
join
    (values (0, 0, 5), (1, 5, 10), (2, 10, 15), (3, 15, 20), (4, 20, null))
        as bucket (number, low_percent, high_percent)
    on advised.interruption_idx = bucket.number
order by advised.os, advised.region, advised.instance_type;
