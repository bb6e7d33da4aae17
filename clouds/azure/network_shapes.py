"""Read what Azure Resource Graph says about networks: pure, payload in, row out, as in `shapes`."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from clouds.azure.facts import Record, Row, at, flag, id_of, lower, owner_of, record, text
from clouds.azure.open_ports import open_ports

RESERVED = 5  # addresses of each subnet that Azure keeps for itself


def address(row: Row) -> Record:
    """A public IP address; it is attached to a network interface, a balancer or a gateway."""
    facts = row["properties"]
    owner = at(facts, "ipConfiguration", "id") or at(facts, "natGateway", "id")
    return record(
        row,
        sku=lower(facts.get("publicIPAllocationMethod")),
        state="in_use" if owner else "available",
        attached_to=owner_of(owner),
        config={"ip": facts.get("ipAddress"), "tier": lower(at(row, "sku", "name"))},
    )


def network_interface(row: Row) -> Record:
    """A network interface, attached to a virtual machine or a private endpoint."""
    facts = row["properties"]
    owner = at(facts, "virtualMachine", "id") or at(facts, "privateEndpoint", "id")
    return record(row, state="in_use" if owner else "available", attached_to=id_of(owner))


def load_balancer(row: Row) -> Record:
    """A load balancer or an application gateway, with how many targets and rules it has."""
    facts = row["properties"]
    sku = row.get("sku") or facts.get("sku") or {}
    is_gateway = "/applicationgateways/" in str(row["id"]).lower()
    pools = facts.get("backendAddressPools") or []
    targets = {id_of(pool.get("id")): _targets(pool.get("properties") or {}) for pool in pools}
    return record(
        row,
        sku="application" if is_gateway else lower(sku.get("name")),
        state="active",
        config={
            "targets": str(sum(targets.values())),
            "tier": lower(sku.get("tier")),
            **(_capacity(facts, sku) if is_gateway else _rules(facts, targets)),
        },
    )


def _targets(pool: Mapping[str, Any]) -> int:
    return max(
        len(pool.get("backendIPConfigurations") or []),
        len(pool.get("loadBalancerBackendAddresses") or pool.get("backendAddresses") or []),
    )


def _capacity(facts: Mapping[str, Any], sku: Mapping[str, Any]) -> dict[str, str | None]:
    """How many instances an application gateway has; where it scales, between which numbers."""
    scale = facts.get("autoscaleConfiguration")
    return {
        "capacity": text(sku.get("capacity")),
        "autoscaling": flag(scale is not None),
        "min": text(at(scale, "minCapacity")),
        "max": text(at(scale, "maxCapacity")),
    }


def _rules(facts: Mapping[str, Any], targets: Mapping[str | None, int]) -> dict[str, str]:
    """How many rules a load balancer has, and how many of them lead to nothing.

    A rule for outbound traffic or into single machines (inbound NAT) is a use as well.
    """
    rules = facts.get("loadBalancingRules") or []
    others = [*(facts.get("inboundNatRules") or []), *(facts.get("outboundRules") or [])]
    leads = [_pools_of(rule.get("properties") or {}) for rule in rules]
    empty = [pools for pools in leads if not any(targets.get(pool) for pool in pools)]
    return {
        "rules": str(len(rules)),
        "other_rules": str(len(others)),
        "rules_without_target": str(len(empty)),
    }


def _pools_of(rule: Mapping[str, Any]) -> list[str | None]:
    pools = [rule.get("backendAddressPool"), *(rule.get("backendAddressPools") or [])]
    return [id_of(pool.get("id")) for pool in pools if pool]


def nat_gateway(row: Row) -> Record:
    """A NAT gateway; it serves its subnets without a route, so they count as its routes."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(at(row, "sku", "name")),
        state="active",
        config={"routes": str(len(facts.get("subnets") or []))},
    )


def security_group(row: Row) -> Record:
    """A network security group."""
    facts = row["properties"]
    uses = len(facts.get("networkInterfaces") or []) + len(facts.get("subnets") or [])
    return record(
        row,
        state="in_use" if uses else "available",
        config={
            "rules": str(len(facts.get("securityRules") or [])),
            "uses": str(uses),
            "open_ports": open_ports(facts.get("securityRules") or []),
        },
    )


def network(row: Row) -> Record:
    """A virtual network."""
    ranges = at(row["properties"], "addressSpace", "addressPrefixes") or []
    return record(row, state="active", config={"ranges": " ".join(ranges)})


def subnets(row: Row) -> list[Record]:
    """The subnets of a virtual network, with how many of their addresses are taken."""
    return [_subnet(row, subnet) for subnet in row["properties"].get("subnets") or []]


def _subnet(row: Row, subnet: Mapping[str, Any]) -> Record:
    facts = subnet.get("properties") or {}
    used = len(facts.get("ipConfigurations") or []) + len(facts.get("privateEndpoints") or [])
    services = [each.get("name") for each in facts.get("delegations") or []]
    return record(
        {**row, "id": subnet["id"], "name": subnet["name"], "tags": None, "zones": None},
        state="active",
        member_of=id_of(row["id"]),
        config={
            "ranges": " ".join(_ranges(facts)),
            "used": str(used),
            "usable": _usable(_ranges(facts)),
            # What another service has put into it is not among its addresses.
            "delegated": flag(bool(services or facts.get("serviceAssociationLinks"))),
        },
    )


def _usable(ranges: Sequence[str]) -> str | None:
    """How many IPv4 addresses a subnet can give away."""
    found = [ip_network(each, strict=False) for each in ranges if ":" not in each]
    return str(sum(each.num_addresses - RESERVED for each in found)) if found else None


def dns_zone(row: Row) -> Record:
    """A public or private DNS zone."""
    facts = row["properties"]
    is_private = "/privatednszones/" in str(row["id"]).lower()
    return record(
        row,
        sku="private" if is_private else "public",
        state="active",
        config={"records": text(facts.get("numberOfRecordSets"))},
    )


def _ranges(facts: Mapping[str, Any]) -> list[str]:
    single = facts.get("addressPrefix")
    return [single] if single else list(facts.get("addressPrefixes") or [])


def circuit(row: Row) -> Record:
    """An ExpressRoute circuit; `provider_state` is what the provider has done for it."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(at(row, "sku", "name")),
        state=lower(facts.get("circuitProvisioningState")),
        config={
            "provider": at(facts, "serviceProviderProperties", "serviceProviderName"),
            "provider_state": lower(facts.get("serviceProviderProvisioningState")),
            "peerings": text(len(facts.get("peerings") or [])),
        },
    )


def ddos_plan(row: Row) -> Record:
    """A plan of DDoS protection and how much it protects."""
    facts = row["properties"]
    networks, addresses = facts.get("virtualNetworks"), facts.get("publicIPAddresses")
    uses = len(networks or []) + len(addresses or [])
    return record(row, state="in_use" if uses else "available", config={"uses": str(uses)})


def private_endpoint(row: Row) -> Record:
    """A private endpoint; its state is the worst of its connections'."""
    facts = row["properties"]
    links = [
        *(facts.get("privateLinkServiceConnections") or []),
        *(facts.get("manualPrivateLinkServiceConnections") or []),
    ]
    states = {
        lower(at(link, "properties", "privateLinkServiceConnectionState", "status"))
        for link in links
    }
    worst = [state for state in ("disconnected", "rejected", "pending") if state in states]
    return record(
        row,
        state=worst[0] if worst else next(iter(states), None),
        attached_to=id_of(at(links[0], "properties", "privateLinkServiceId")) if links else None,
    )


def vpn_gateways(rows: Sequence[Row]) -> list[Record]:
    """Gateways of virtual networks, of VPN or ExpressRoute, and the connections through them."""
    return [_connection(row) if _is_connection(row) else _gateway(row, rows) for row in rows]


def _is_connection(row: Row) -> bool:
    return "/connections/" in str(row["id"]).lower()


def _ends(row: Row) -> list[str | None]:
    facts = row["properties"]
    ends = ("virtualNetworkGateway1", "virtualNetworkGateway2")
    return [id_of(at(facts, end, "id")) for end in ends]


def _gateway(row: Row, rows: Sequence[Row]) -> Record:
    facts = row["properties"]
    own = [each for each in rows if _is_connection(each) and id_of(row["id"]) in _ends(each)]
    return {
        **record(
            row,
            sku=at(facts, "sku", "name"),
            state="active",
            config={
                "connections": str(len(own)),
                "type": lower(facts.get("gatewayType")),
                # Single clients dial in without a connection of their own.
                "point_to_site": flag(facts.get("vpnClientConfiguration") is not None),
            },
        ),
        "kind": "vpn_gateway",
    }


def _connection(row: Row) -> Record:
    facts = row["properties"]
    return {
        **record(
            row,
            sku=lower(facts.get("connectionType")),
            state=lower(facts.get("connectionStatus")),
            member_of=_ends(row)[0],
        ),
        "kind": "vpn_connection",
    }
