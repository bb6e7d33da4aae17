-- title: Close the ports of administrators to the internet
-- kind: security_group
-- verb: review
-- risk: R0
-- about: security
-- param ssh: 22
-- param rdp: 3389
-- blind: Other rules that forbid what this one allows, and ranges that are nearly everybody.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.state_since,
-- evidence: resource.state_days, resource.age_days, resource.attached_to, resource.size_gib, resource.config,
-- evidence: resource.tags, rate.cost_month, rate.currency
-- evidence: from marts.resource_now as resource left join marts.resource_run_rate as rate using (cloud, resource_id)
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- SSH or remote desktop may be reached from 0.0.0.0/0 or ::/0: hystax/optscale (insecure_security_groups.py). Rules of AWS,
-- Azure, Google Cloud and DigitalOcean are judged. Groups that nothing uses are left out where that is known: on AWS
-- by the network interfaces of the region, on Azure and DigitalOcean by the group itself. Google Cloud's rules belong to
-- a whole network.
with open_range as (
    select
        guard.source,
        guard.cloud,
        guard.account,
        guard.resource_id,
        unnest(string_split(json_extract_string(guard.config, '$.open_ports'), ',')) as ports
    from marts.resource_now as guard
    where guard.kind = 'security_group'
),

reached as (
    select
        open_range.source,
        open_range.cloud,
        open_range.account,
        open_range.resource_id,
        coalesce(try_cast(string_split(open_range.ports, '-')[1] as integer), 0) as first_port,
        coalesce(try_cast(string_split(open_range.ports, '-')[-1] as integer), 65535) as last_port
    from open_range
),

exposed as (
    select
        reached.source,
        reached.cloud,
        reached.account,
        reached.resource_id,
        bool_or($ssh between reached.first_port and reached.last_port) as ssh,
        bool_or($rdp between reached.first_port and reached.last_port) as rdp
    from reached
    group by all
),

in_use as (
    select distinct
        interface.source,
        interface.account,
        interface.region,
        unnest(string_split(json_extract_string(interface.config, '$.security_groups'), ',')) as security_group
    from marts.resource_now as interface
    where interface.kind = 'network_interface' and interface.cloud = 'aws'
)

select
    guard.source,
    guard.cloud,
    guard.account,
    guard.region,
    guard.resource_id,
    'open to everybody: ' || json_extract_string(guard.config, '$.open_ports') as before,
    'open to whom it has to be' as after,
    concat_ws(
        ' and ',
        if(exposed.ssh, format('SSH (port {})', $ssh), null),
        if(exposed.rdp, format('remote desktop (port {})', $rdp), null)
    )
    || ' can be reached from everywhere' as reason
from marts.resource_now as guard
join exposed using (source, cloud, account, resource_id)
where
    guard.kind = 'security_group'
    and coalesce(guard.state not in ('available', 'disabled'), true)
    and coalesce(json_extract_string(guard.config, '$.targets') <> '0', true)
    and (exposed.ssh or exposed.rdp)
    and (
        guard.cloud <> 'aws'
        or not exists (
            select 1
            from in_use
            where guard.source = in_use.source and guard.account = in_use.account and guard.region = in_use.region
        )
        or exists (
            select 1
            from in_use
            where
                guard.source = in_use.source
                and guard.account = in_use.account
                and guard.region = in_use.region
                and guard.resource_id = in_use.security_group
        )
    )
