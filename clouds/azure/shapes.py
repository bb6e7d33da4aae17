"""Read what Azure Resource Graph says about one resource of each kind: pure, payload in, row out.

Ids are in lower case, as in Azure's bills; sizes in GiB; times naive UTC; what Azure does not say
is null.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
Record = dict[str, Any]
GIB = 2**30  # bytes

POWER = {
    "running": "running",
    "starting": "starting",
    "stopping": "stopping",
    "deallocating": "stopping",
    "stopped": "stopped_billed",  # the guest is off, the machine is still reserved and billed
    "deallocated": "stopped",
}
DATABASE = {
    "online": "available",
    "ready": "available",
    "succeeded": "available",
    "paused": "stopped",
    "stopped": "stopped",
}


def instance(row: Row) -> Record:
    """A virtual machine, alone or of a scale set."""
    facts = row["properties"]
    power = _at(facts, "extended", "instanceView", "powerState", "code") or _at(
        facts, "instanceView", "powerState", "code"
    )
    set_id = _at(facts, "virtualMachineScaleSet", "id")
    if set_id is None and "/virtualmachinescalesets/" in str(row["id"]).lower():
        set_id = "/".join(str(row["id"]).split("/")[:9])
    return _record(
        row,
        sku=_at(facts, "hardwareProfile", "vmSize") or _at(row, "sku", "name"),
        state=POWER.get(str(power).rpartition("/")[2].lower()) if power else None,
        created_at=time(facts.get("timeCreated")),
        member_of=_id(set_id),
        config={
            "os": _lower(_at(facts, "storageProfile", "osDisk", "osType")),
            "priority": _lower(facts.get("priority")),
            "license": facts.get("licenseType"),
        },
    )


def disk(row: Row) -> Record:
    """A managed disk; `boot` says whether an operating system is on it."""
    facts = row["properties"]
    shared = facts.get("managedByExtended") or [None]
    owner = row.get("managedBy") or facts.get("managedBy") or shared[0]
    return _record(
        row,
        sku=_at(row, "sku", "name"),
        state="in_use" if owner else "available",
        state_since=time(facts.get("LastOwnershipUpdateTime")),
        created_at=time(facts.get("timeCreated")),
        attached_to=_id(owner),
        size_gib=_gib(facts.get("diskSizeGB"), facts.get("diskSizeBytes")),
        config={
            "boot": _flag(facts.get("osType") is not None),
            "iops": _text(facts.get("diskIOPSReadWrite")),
            "throughput_mib_s": _text(facts.get("diskMBpsReadWrite")),
            "tier": facts.get("tier"),
        },
    )


def snapshot(row: Row) -> Record:
    """A snapshot of a disk."""
    facts = row["properties"]
    is_done = facts.get("completionPercent") in (None, 100, 100.0)
    return _record(
        row,
        sku=_at(row, "sku", "name"),
        state="completed" if is_done else "pending",
        created_at=time(facts.get("timeCreated")),
        size_gib=_gib(facts.get("diskSizeGB"), facts.get("diskSizeBytes")),
        config={
            "source": _id(_at(facts, "creationData", "sourceResourceId")),
            "incremental": _flag(facts.get("incremental")),
        },
    )


def image(row: Row) -> Record:
    """A managed image, or one version of an image of a gallery."""
    facts = row["properties"]
    storage = facts.get("storageProfile") or {}
    disks = [storage.get("osDisk") or storage.get("osDiskImage"), *(storage.get("dataDisks") or [])]
    sizes = [each.get("diskSizeGB") or each.get("sizeInGB") for each in disks if each]
    known = [float(size) for size in sizes if size is not None]
    return _record(
        row,
        sku="standard",
        state="active",
        created_at=time(_at(facts, "publishingProfile", "publishedDate")),
        size_gib=sum(known) if known and len(known) == len(sizes) else None,
        config={"source": _id(_at(facts, "sourceVirtualMachine", "id"))},
    )


def address(row: Row) -> Record:
    """A public IP address; it is attached to a network interface, a balancer or a gateway."""
    facts = row["properties"]
    owner = _at(facts, "ipConfiguration", "id") or _at(facts, "natGateway", "id")
    return _record(
        row,
        sku=_lower(facts.get("publicIPAllocationMethod")),
        state="in_use" if owner else "available",
        attached_to=_owner(owner),
        config={"ip": facts.get("ipAddress"), "tier": _lower(_at(row, "sku", "name"))},
    )


def network_interface(row: Row) -> Record:
    """A network interface, attached to a virtual machine or a private endpoint."""
    facts = row["properties"]
    owner = _at(facts, "virtualMachine", "id") or _at(facts, "privateEndpoint", "id")
    return _record(row, state="in_use" if owner else "available", attached_to=_id(owner))


def load_balancer(row: Row) -> Record:
    """A load balancer or an application gateway, with how many targets it has."""
    facts = row["properties"]
    sku = row.get("sku") or facts.get("sku") or {}
    is_gateway = "/applicationgateways/" in str(row["id"]).lower()
    pools = [pool.get("properties") or {} for pool in facts.get("backendAddressPools") or []]
    targets = sum(
        max(
            len(pool.get("backendIPConfigurations") or []),
            len(pool.get("loadBalancerBackendAddresses") or pool.get("backendAddresses") or []),
        )
        for pool in pools
    )
    return _record(
        row,
        sku="application" if is_gateway else _lower(sku.get("name")),
        state="active",
        config={"targets": str(targets), "tier": _lower(sku.get("tier"))},
    )


def scaling_group(row: Row) -> Record:
    """A scale set of virtual machines."""
    facts = row["properties"]
    return _record(
        row,
        sku=_at(row, "sku", "name"),
        state="active",
        created_at=time(facts.get("timeCreated")),
        config={
            "desired": _text(_at(row, "sku", "capacity")),
            "orchestration": _lower(facts.get("orchestrationMode")),
        },
    )


def sql_database(row: Row) -> Record:
    """A database of Azure SQL, alone or of an elastic pool."""
    facts = row["properties"]
    return _record(
        row,
        sku=facts.get("currentServiceObjectiveName") or _at(row, "sku", "name"),
        state=_state(facts.get("status"), DATABASE),
        created_at=time(facts.get("creationDate")),
        member_of=_id(facts.get("elasticPoolId")),
        size_gib=_gib(None, facts.get("maxSizeBytes")),
        config={"engine": "mssql", "multi_az": _flag(facts.get("zoneRedundant"))},
    )


def server_database(row: Row) -> Record:
    """A flexible server of PostgreSQL or MySQL."""
    facts = row["properties"]
    engine = "postgres" if "postgresql" in str(row["type"]).lower() else "mysql"
    mode = _at(facts, "highAvailability", "mode")
    return _record(
        row,
        sku=_at(row, "sku", "name"),
        state=_state(facts.get("state"), DATABASE),
        member_of=_id(facts.get("sourceServerResourceId")),
        size_gib=_gib(_at(facts, "storage", "storageSizeGB"), None),
        config={
            "engine": engine,
            "multi_az": _flag(str(mode).lower() == "zoneredundant") if mode else None,
            "version": facts.get("version"),
        },
    )


def bucket(row: Row) -> Record:
    """A storage account; how much it holds only Azure Monitor knows."""
    facts = row["properties"]
    return _record(
        row,
        sku=_at(row, "sku", "name"),
        state="active",
        created_at=time(facts.get("creationTime")),
        config={"type": row.get("kind"), "access_tier": _lower(facts.get("accessTier"))},
    )


def cluster(row: Row) -> Record:
    """A Kubernetes cluster (AKS); its machines are in the scale sets of `node_group`."""
    facts = row["properties"]
    counts = [pool.get("count") for pool in facts.get("agentPoolProfiles") or []]
    power = _lower(_at(facts, "powerState", "code"))
    return _record(
        row,
        sku=_lower(_at(row, "sku", "tier")),
        state={"running": "active", "stopped": "stopped"}.get(power or "", power),
        config={
            "version": facts.get("kubernetesVersion"),
            "nodes": str(sum(counts)) if None not in counts else None,
            "node_group": facts.get("nodeResourceGroup"),
        },
    )


def nat_gateway(row: Row) -> Record:
    """A NAT gateway; it serves its subnets without a route, so they count as its routes."""
    facts = row["properties"]
    return _record(
        row,
        sku=_lower(_at(row, "sku", "name")),
        state="active",
        config={"routes": str(len(facts.get("subnets") or []))},
    )


def security_group(row: Row) -> Record:
    """A network security group."""
    facts = row["properties"]
    uses = len(facts.get("networkInterfaces") or []) + len(facts.get("subnets") or [])
    return _record(
        row,
        state="in_use" if uses else "available",
        config={"rules": str(len(facts.get("securityRules") or [])), "uses": str(uses)},
    )


def network(row: Row) -> Record:
    """A virtual network."""
    ranges = _at(row["properties"], "addressSpace", "addressPrefixes") or []
    return _record(row, state="active", config={"ranges": " ".join(ranges)})


def subnets(row: Row) -> list[Record]:
    """The subnets of a virtual network."""
    return [
        {
            **_record(
                {**row, "id": subnet["id"], "name": subnet["name"], "tags": None, "zones": None},
                state="active",
                member_of=_id(row["id"]),
                config={"ranges": _ranges(subnet.get("properties") or {})},
            ),
        }
        for subnet in row["properties"].get("subnets") or []
    ]


def dns_zone(row: Row) -> Record:
    """A public or private DNS zone."""
    facts = row["properties"]
    is_private = "/privatednszones/" in str(row["id"]).lower()
    return _record(
        row,
        sku="private" if is_private else "public",
        state="active",
        config={"records": _text(facts.get("numberOfRecordSets"))},
    )


def function(row: Row) -> Record | None:
    """A function app; other web apps are none."""
    if "functionapp" not in str(row.get("kind")).lower():
        return None
    facts = row["properties"]
    return _record(
        row,
        sku=_lower(facts.get("sku")),
        state={"running": "active"}.get(str(facts.get("state")).lower(), "stopped"),
        config={"plan": _id(facts.get("serverFarmId"))},
    )


def log_group(row: Row) -> Record:
    """A workspace of Log Analytics."""
    facts = row["properties"]
    return _record(
        row,
        sku=_lower(_at(facts, "sku", "name")),
        state="active",
        created_at=time(facts.get("createdDate")),
        config={"retention_days": _text(facts.get("retentionInDays"))},
    )


def advice(row: Row) -> Record:
    """A recommendation of Azure Advisor, as it stands: a fact, not our advice."""
    facts = row["properties"]
    more = facts.get("extendedProperties") or {}
    return _record(
        row,
        state="active",
        created_at=None,
        attached_to=_id(_at(facts, "resourceMetadata", "resourceId")),
        config={
            "category": _lower(facts.get("category")),
            "impact": _lower(facts.get("impact")),
            "problem": _at(facts, "shortDescription", "problem"),
            "solution": _at(facts, "shortDescription", "solution"),
            "saving_year": _text(more.get("annualSavingsAmount")),
            "currency": more.get("savingsCurrency"),
        },
    )


def place(text: Any) -> str:
    """A region as Azure's bills write it.

    >>> place("West Europe")
    'westeurope'
    """
    return str(text or "global").lower().replace(" ", "")


def time(text: Any) -> datetime | None:
    """A time of Azure, which may have seven digits of a second; null if there is none.

    >>> time("2026-02-01T06:07:08.1234567Z")
    datetime.datetime(2026, 2, 1, 6, 7, 8, 123456)
    """
    if not text:
        return None
    head, dot, tail = str(text).replace("Z", "+00:00").partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    fraction = f".{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}" if dot else ""
    found = datetime.fromisoformat(head + fraction)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _record(row: Row, *, config: Mapping[str, Any] | None = None, **facts: Any) -> Record:
    known = {key: value for key, value in (config or {}).items() if value is not None}
    return {
        "cloud": "azure",
        "account": str(row["id"]).split("/")[2].lower(),
        "region": place(row.get("location")),
        "zone": (row.get("zones") or [None])[0],
        "resource_id": _id(row["id"]),
        "name": row["name"],
        "tags": _json(row.get("tags") or {}),
        "config": _json(known),
        **facts,
    }


def _owner(config_id: Any) -> str | None:
    """The resource that has an IP configuration: the first two names of the id's path.

    A configuration of a scale set's machine stays with the scale set.
    """
    return "/".join(str(config_id).lower().split("/")[:9]) if config_id else None


def _ranges(facts: Mapping[str, Any]) -> str:
    single = facts.get("addressPrefix")
    return single or " ".join(facts.get("addressPrefixes") or [])


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _id(value: Any) -> str | None:
    return str(value).lower() if value else None


def _lower(value: Any) -> str | None:
    return str(value).lower() if value is not None else None


def _text(value: Any) -> str | None:
    return str(value) if value is not None else None


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(bool(value)).lower()


def _state(value: Any, words: Mapping[str, str]) -> str | None:
    told = _lower(value)
    return words.get(told, told) if told else None


def _gib(gib: Any, size_bytes: Any) -> float | None:
    if gib is not None:
        return float(gib)
    return float(size_bytes) / GIB if size_bytes is not None else None


def _json(value: Mapping[str, Any]) -> str:
    texts: Iterable[tuple[str, str]] = ((key, _plain(each)) for key, each in value.items())
    return json.dumps(dict(sorted(texts)), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


Shape = Callable[[Row], Record | list[Record] | None]
