-- One row per cloud, resource and family of meters (firewall, gateway_endpoint, private_endpoint) billed in the 32 days before as_of.
-- Of network services whose bill has hours of each and bytes of those that moved any: how long it was held, what went through.
-- group: cost
with told as (
    select
        meter.*,
        concat_ws(' ', meter.meter, meter.description) as words,
        regexp_matches(concat_ws(' ', meter.meter, meter.description, meter.unit), 'bytes|\bGB\b|gigabyte', 'i')
            as is_traffic
    from marts.resource_meter as meter
),

line as (
    select
        told.*,
        unnest([
            if(regexp_matches(told.words, '\bEndpoint-Hour|Traffic-GB|Network Firewall', 'i'), 'firewall', null),
            if(
                regexp_matches(told.words, 'VpcEndpoint-GWLBE|Gateway Load Balancer Endpoint', 'i'),
                'gateway_endpoint',
                null
            ),
            if(regexp_matches(told.words, 'VpcEndpoint-(Hours|Bytes)|VPC Endpoint', 'i'), 'private_endpoint', null)
        ]) as family
    from told
),

metered as (
    select
        line.cloud,
        line.resource_id,
        line.family,
        max(line.days_billed) filter (where line.words ilike '%hour%') as days_held,
        coalesce(sum(line.quantity) filter (where line.is_traffic), 0) as traffic
    from line
    where line.family is not null
    group by all
)

select
    metered.cloud,
    metered.resource_id,
    metered.family,
    metered.days_held, -- null = no line tells hours
    metered.traffic, -- in the units of the bill
    -- Whether the bill of any resource of the cloud has traffic of this family.
    max(metered.traffic) over (partition by metered.cloud, metered.family) > 0 as tells_traffic
from metered
