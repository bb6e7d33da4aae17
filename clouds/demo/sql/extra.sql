-- Charges that belong to no single resource: commitments bought and not used, support, credits, refunds, taxes.
insert into charge by name
with hours as (
    select
        commitment.*,
        calendar.day,
        calendar.next_day,
        cast(commitment.hourly_cost * 24 as decimal(36, 15)) as cost
    from commitment
    inner join calendar on commitment.starts_at <= calendar.day and commitment.ends_at > calendar.day
),

used as (
    select
        charge.day,
        charge.commitment_id,
        sum(charge.effective_cost) as cost
    from charge
    where charge.commitment_id is not null
    group by all
),

parts as (
    select
        'Purchase' as charge_category,
        hours.*,
        hours.cost as billed,
        cast(0 as decimal(36, 15)) as effective
    from hours
    union all
    select
        'Usage' as charge_category,
        hours.*,
        0 as billed,
        hours.cost - coalesce(used.cost, 0) as effective
    from hours
    left join used using (day, commitment_id)
    where hours.cost - coalesce(used.cost, 0) > 0
)

select
    parts.feed,
    parts.cloud,
    parts.billing_account,
    parts.account,
    (
        select any_value(resource.account_name) from resource
        where resource.account = parts.account
    ) as account_name,
    coalesce(parts.region, 'global') as region,
    parts.day,
    parts.day as starts_at,
    parts.next_day as ends_at,
    parts.commitment_id as resource_id,
    parts.name as resource_name,
    'Commitment' as resource_type,
    'commitment' as kind,
    coalesce(parts.covers, 'any') as sku,
    'commitment' as meter,
    case parts.cloud when 'aws' then 'AmazonEC2' when 'azure' then 'Virtual Machines' else 'Compute Engine' end
        as service,
    'Compute' as category,
    'Virtual Machines' as subcategory,
    parts.name || case parts.charge_category when 'Purchase' then ', recurring fee' else ', unused part' end
        as product,
    'Hours' as unit,
    parts.currency,
    '{}' as tags,
    cast(24 as decimal(20, 6)) as quantity,
    parts.hourly_cost as list_price,
    parts.hourly_cost as contracted_price,
    case parts.charge_category when 'Usage' then cast(round(parts.effective / 24, 9) as decimal(18, 9)) end
        as committed_price,
    case parts.charge_category when 'Purchase' then parts.billed else 0 end as list_cost,
    case parts.charge_category when 'Purchase' then parts.billed else 0 end as contracted_cost,
    parts.effective as effective_cost,
    parts.billed as billed_cost,
    parts.charge_category,
    case parts.charge_category when 'Purchase' then 'Recurring' else 'Usage-Based' end as charge_frequency,
    case parts.charge_category when 'Usage' then 'Committed' else 'Standard' end as pricing_category,
    parts.commitment_id,
    case parts.charge_category when 'Usage' then 'Unused' end as commitment_status,
    upper(substr(md5(parts.commitment_id), 1, 12)) as sku_id
from parts;

-- Monthly rows: support fee, promotional credit, refund of last month, tax. `rule` says how much and for whom.
insert into charge by name
with base as (
    select
        charge.feed,
        charge.cloud,
        charge.billing_account,
        charge.currency,
        min_by(charge.account, charge.account) as account,
        min_by(charge.account_name, charge.account) as account_name,
        sum(charge.billed_cost) as billed
    from charge
    group by all
),

amount as (
    select
        base.*,
        rule.* exclude (feed),
        cast(round(base.billed * rule.share + rule.fixed, 2) as decimal(36, 15)) as cost
    from base
    inner join rule using (feed)
)

select
    amount.feed,
    amount.cloud,
    amount.billing_account,
    amount.account,
    amount.account_name,
    'global' as region,
    month.starts_at as day,
    month.starts_at,
    month.ends_at,
    'fee' as kind,
    amount.meter as sku,
    amount.meter,
    amount.service,
    amount.category,
    amount.subcategory,
    amount.product,
    'Units' as unit,
    amount.currency,
    '{}' as tags,
    cast(1 as decimal(20, 6)) as quantity,
    cast(amount.cost as decimal(18, 9)) as list_price,
    cast(amount.cost as decimal(18, 9)) as contracted_price,
    amount.cost as list_cost,
    amount.cost as contracted_cost,
    amount.cost as effective_cost,
    amount.cost as billed_cost,
    amount.charge_category,
    amount.charge_class,
    'One-Time' as charge_frequency,
    case when amount.charge_category in ('Usage', 'Purchase') then 'Standard' end as pricing_category,
    upper(substr(md5(amount.feed || amount.meter), 1, 12)) as sku_id
from amount
cross join month
where amount.cost <> 0;
