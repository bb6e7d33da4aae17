-- One row per slot, scope, region, instance type, os and commitment before the first day that is not known.
-- An account that is 14 days behind its cloud, or a cloud that is 45 days behind, has ended, and used nothing since.
with known as (
    select
        account.cloud,
        coalesce(account.billing_account, '(unknown)') as billing_account,
        if(account.until < cloud.until - interval 14 day, cloud.until, account.until)::date as billed_until,
        if(billed_until < getvariable('until')::date - 45, getvariable('until')::date, billed_until) as until
    from marts.account_billed_until as account
    join marts.billed_until as cloud using (cloud)
)

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
    usage.list_cost,
    least(known.until, getvariable('until')::date) as until -- the first day that is not billed completely
from marts.committable_usage as usage
join known using (cloud, billing_account)
where
    usage.starts_at < least(known.until, getvariable('until')::date)
    and usage.on_demand_cost is not null
order by all
