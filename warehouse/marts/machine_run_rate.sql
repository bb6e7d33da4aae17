-- One row per cloud, resource and currency that was billed in the last 14 complete days: what it costs per month, without traffic.
-- Some bills charge what a machine sends under the machine's own id. It sends no less when it is smaller, or newer, so
-- that is no part of what another size changes. Which lines are traffic only the unit tells; where a bill names no unit
-- it is all of marts.resource_run_rate.
-- group: cost
with traffic as (
    select
        meter.cloud,
        meter.resource_id,
        meter.currency,
        sum(meter.cost_month) as cost_month
    from marts.resource_meter_rate as meter
    where meter.part = 'bytes'
    group by all
),

machine as (
    select
        rate.*,
        rate.cost_month - coalesce(traffic.cost_month, 0) as machine_month,
        rate.list_cost_month - coalesce(traffic.cost_month, 0) as machine_list_month
    from marts.resource_run_rate as rate
    left join traffic using (cloud, resource_id, currency)
)

select
    machine.cloud,
    machine.resource_id,
    machine.currency,
    machine.machine_month as cost_month,
    -- No line has the list price of its traffic alone: what is paid for it counts.
    greatest(machine.machine_list_month, 0)::decimal(38, 18) as list_cost_month,
    -- No commitment covers traffic.
    least(machine.commitment_share * machine.cost_month::double / nullif(machine.machine_month, 0)::double, 1)
        as commitment_share
from machine
