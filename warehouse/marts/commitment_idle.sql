-- One row per commitment owned now: how much of it lay idle on average in the last month that is billed, per hour.
-- The last month billed completely, else the running one. Null = no bill says how much of it was used.
-- group: commitment
with used as (
    select
        use.*,
        billed.until
    from marts.commitment_use as use
    join marts.commitment_billed_until as billed using (cloud, commitment_id, currency)
    left join marts.commitment_month as whole using (cloud, commitment_id, currency)
    where
        use.month < billed.until
        and use.committed_cost > 0
        and (whole.cloud is null or use.month + interval 1 month <= billed.until)
    qualify
        row_number() over (
            partition by use.cloud, use.commitment_id, use.currency
            order by use.month + interval 1 month <= billed.until desc, use.month desc
        ) = 1
)

select
    owned.source,
    owned.cloud,
    owned.account,
    owned.commitment_id,
    owned.kind,
    owned.region, -- null = any
    owned.covers, -- instance type or family; null = any compute
    coalesce(used.currency, owned.currency) as currency,
    owned.ends_at,
    used.month,
    1 - used.utilisation as idle_share,
    if(
        used.month is null,
        null,
        date_diff(
            'hour',
            greatest(used.month::timestamp, owned.starts_at),
            least(used.month + interval 1 month, used.until, owned.ends_at)
        )
    ) as hours,
    round(used.unused_cost::double / nullif(hours, 0), 9)::decimal(38, 18) as idle_hour,
    owned.quantity * (1 - used.utilisation) as idle_quantity,
    case
        when owned.kind = 'savings_plan'
            then
                if(owned.covers is null, 'sp_', 'sp_instance_')
                || if(owned.ends_at > owned.starts_at + interval 2 year, '3y', '1y')
    end as rate_type, -- in marts.price, what it pays for each machine
    if(used.month is null, 'no bill says how much of it was used', null) as missing
from raw.commitment as owned
left join used using (cloud, commitment_id)
where
    coalesce(owned.starts_at <= getvariable('as_of'), true)
    and coalesce(owned.ends_at > getvariable('as_of'), true)
qualify -- one that is billed in two currencies is owned once
    row_number() over (
        partition by owned.source, owned.cloud, owned.account, owned.commitment_id, owned.region, owned.covers
        order by coalesce(used.currency = owned.currency, false) desc, used.committed_cost desc nulls last
    ) = 1
