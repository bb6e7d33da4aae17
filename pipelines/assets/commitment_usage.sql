-- One row per slot, scope, region, instance type, os and commitment before the first day that is not known.
select
    usage.starts_at,
    usage.slot_hours,
    usage.cloud,
    usage.billing_account,
    usage.currency,
    usage.region,
    usage.instance_type,
    usage.family,
    usage.os,
    usage.commitment_id,
    usage.on_demand_cost,
    usage.list_cost
from marts.committable_usage as usage
where usage.starts_at < getvariable('until')::date and usage.on_demand_cost is not null
order by all
