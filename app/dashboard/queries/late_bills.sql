-- One row per cloud whose bills are late or whose readings failed, with the reason.
select
    coalesce(freshness.cloud, freshness.source) as cloud,
    string_agg(
        distinct coalesce(
            if(freshness.failed is null, null, freshness.what || ' could not be read'),
            'bills are ' || round(freshness.age_hours / 24)::integer || ' days behind'
        ), ', '
    ) as reason
from marts.freshness as freshness
where freshness.failed is not null or (freshness.what = 'bills' and freshness.age_hours > getvariable('hours'))
group by all
order by cloud
