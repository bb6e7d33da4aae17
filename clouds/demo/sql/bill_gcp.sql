-- Google Cloud's detailed usage cost export; commitments and promotions are credits inside their line.
select
    charge.billing_account as billing_account_id,
    { 'id': upper(substr(md5(charge.service), 1, 14)), 'description': charge.service } as service,
    { 'id': charge.sku_id, 'description': charge.product } as sku,
    charge.starts_at as usage_start_time,
    charge.ends_at as usage_end_time,
    {
        'id': charge.account, 'number': '7' || substr(cast(hash(charge.account) as varchar), 1, 11),
        'name': charge.account_name, 'labels': cast([] as struct("key" varchar, "value" varchar)[])
    } as project,
    list_transform(
        map_entries(cast(cast(charge.tags as json) as map (varchar, varchar))),
        lambda entry: { 'key': entry['key'], 'value': entry['value'] }
    ) as labels,
    cast([] as struct("key" varchar, "value" varchar)[]) as system_labels,
    {
        'location': nullif(charge.region, 'global'), 'country': upper(left(charge.region, 2)),
        'region': nullif(charge.region, 'global'), 'zone': charge.zone
    } as location,
    case
        when charge.resource_id is not null
            then { 'name': charge.resource_name, 'global_name': charge.resource_id }
    end as resource,
    case
        when charge.charge_category = 'Usage'
            then { 'effective_price': charge.contracted_price, 'unit': charge.unit }
    end as price,
    case
        when charge.charge_category = 'Credit' then 0
        when charge.commitment_status = 'Used' then charge.list_cost
        else charge.billed_cost
    end as cost,
    charge.currency,
    cast(1 as decimal(18, 9)) as currency_conversion_rate,
    case when charge.charge_category in ('Usage', 'Purchase') then {
        'amount': charge.quantity, 'unit': charge.unit,
        'amount_in_pricing_units': charge.quantity, 'pricing_unit': charge.unit
    } end as usage,
    case
        when charge.charge_category = 'Credit'
            then
                [{
                    'name': charge.product, 'amount': charge.effective_cost, 'full_name': charge.product,
                    'id': 'acme-startup', 'type': 'PROMOTION'
                }]
        when charge.commitment_status = 'Used'
            then
                [{
                    'name': 'Committed use discount', 'amount': -charge.list_cost,
                    'full_name': charge.commitment_id, 'id': charge.commitment_id, 'type': 'COMMITTED_USAGE_DISCOUNT'
                }]
        else cast([] as struct(
            "name" varchar, "amount" decimal(36, 15), "full_name" varchar, "id" varchar, "type" varchar
        )[])
    end as credits,
    { 'month': strftime(month.starts_at, '%Y%m') } as invoice,
    case charge.charge_category when 'Tax' then 'tax' when 'Adjustment' then 'adjustment' else 'regular' end
        as cost_type,
    month.delivered_at as export_time,
    case when charge.charge_category in ('Usage', 'Purchase') then charge.list_cost end as cost_at_list,
    'GOOGLE' as transaction_type
from charge
cross join month
where charge.feed = 'gcp' and coalesce(charge.commitment_status, '') <> 'Unused'
