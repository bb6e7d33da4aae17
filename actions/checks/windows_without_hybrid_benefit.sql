-- title: Use Windows Server licences that are owned already
-- kind: instance
-- verb: configure
-- risk: R5
-- money: share
-- harm: Claiming a licence that you don't own is a breach of its terms.
-- undo: Set the licence type back; the next hour is billed with Windows.
-- blind: Whether you own licences that are free, and subscriptions for development, in which Windows costs nothing.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.unchanged_days, resource.age_days, resource.attached_to, resource.member_of, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.machine_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Windows without a licence type: Microsoft's FinOps toolkit (https://github.com/microsoft/finops-toolkit), which
-- leaves out the images of Windows for desktops and Visual Studio as well. The high end is what Windows costs on top
-- by the prices of the region (marts.price), where they are known; the low end is zero, as it pays only with licences
-- that are owned, under Software Assurance or a subscription
-- (https://learn.microsoft.com/azure/virtual-machines/windows/hybrid-use-benefit-licensing). R5: it is a setting of
-- the machine, without a restart, for which the gate has no verb.
with price as (
    select
        price.cloud,
        price.region,
        price.instance_type as sku,
        price.currency,
        min(price.price_hour) filter (where price.os = 'windows')::double as windows_hour,
        min(price.price_hour) filter (where price.os = 'linux')::double as linux_hour
    from marts.price as price
    where price.price_type = 'on_demand' and price.price_hour > 0
    group by all
),

priced as (
    select
        machine.source,
        machine.cloud,
        machine.account,
        machine.region,
        machine.resource_id,
        machine.sku,
        max(1 - price.linux_hour / price.windows_hour) as share
    from marts.resource_now as machine
    left join price
        on
            machine.cloud = price.cloud
            and machine.region = price.region
            and machine.sku = price.sku
            and price.windows_hour > price.linux_hour
    where
        machine.kind = 'instance'
        and machine.cloud = 'azure'
        and machine.state = 'running'
        and json_extract_string(machine.config, '$.os') = 'windows'
        and coalesce(lower(json_extract_string(machine.config, '$.license')), '') not like 'windows%'
        and coalesce(json_extract_string(machine.config, '$.publisher'), '')
        not in ('microsoftwindowsdesktop', 'microsoftvisualstudio')
    group by all
)

select
    priced.source,
    priced.cloud,
    priced.account,
    priced.region,
    priced.resource_id,
    'Windows in the price' as before,
    'Azure Hybrid Benefit' as after,
    rate.currency,
    if(rate.cost_month is null, null, 0)::decimal(38, 18) as saving_month_low,
    (rate.cost_month * priced.share * (1 - coalesce(rate.commitment_share, 0)))::decimal(38, 18) as saving_month_high,
    coalesce(
        format('Windows is {:.0f} % of the price of {}', 100 * priced.share, priced.sku), 'pays for Windows by the hour'
    )
    || costs(rate.cost_month, rate.currency) as reason,
    if(priced.share is null, format('the price of {} in {} with and without Windows', priced.sku, priced.region), null)
        as missing
from priced
left join marts.machine_run_rate as rate
    on priced.cloud = rate.cloud and priced.resource_id = rate.resource_id
