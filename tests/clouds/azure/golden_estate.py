"""The demo's resources of Azure as Resource Graph would list them, in the fake of ARM.

Ids are the demo's own: Azure makes them of names.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from golden import Load, Row, Unsaid

from clouds.azure import connect
from clouds.azure.connection import AzureCloud
from clouds.budget import Budget
from clouds.cloud import Cloud
from tests.clouds.azure.arm import Credential, Estate, Server, allow_http

NOT_TOLD = "Azure's API does not say"
UNSAID: Sequence[Unsaid] = (
    *(Unsaid(kind, "state_since", NOT_TOLD)
      for kind in ("instance", "snapshot", "image", "address", "database", "load_balancer",
                   "nat_gateway", "bucket", "log_group", "function", "cluster")),
    *(Unsaid(kind, "created_at", NOT_TOLD)
      for kind in ("image", "address", "load_balancer", "nat_gateway", "function", "cluster")),
    Unsaid("instance", "config.agent", "whether there is an agent its measurements show"),
    Unsaid("snapshot", "size_gib", "ARM says the size of the disk, not of what is stored"),
    Unsaid("image", "size_gib", "ARM says whole GiB of the disk, not of what is stored"),
    Unsaid("bucket", "size_gib", "Azure Monitor says it"),
    Unsaid("bucket", "config.lifecycle", "rules are a resource of their own, which we don't read"),
    Unsaid("log_group", "size_gib", "Log Analytics says it itself"),
    Unsaid("function", "sku", "of a consumption plan, whose memory is not chosen"),
    Unsaid("function", "config.memory_mib", "of a consumption plan, whose memory is not chosen"),
)  # fmt: skip
POWER = {"running": "running", "stopped": "deallocated", "stopped_billed": "stopped"}
GIB = 2**30


@contextmanager
def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]:
    estate = Estate()
    accounts = sorted({row["account"] for row in rows})
    for account in accounts:
        estate.add(account, *{row["region"] for row in rows if row["account"] == account})
    for row in rows:
        estate.put(row["resource_id"], **_common(row), **MADE[row["kind"]](row, estate))
        if row["name"] == load.name:
            estate.metrics[row["resource_id"]] = [_measured(load), *_silent(load)]
    with Server(estate):
        cloud = connect(subscriptions=accounts, endpoint=estate.url)
        assert isinstance(cloud, AzureCloud)
        cloud.access.credential = Credential()
        cloud.access.policies = [allow_http()]
        budgets: dict[tuple[str, str], Budget] = {}
        cloud.access.budget_of = lambda account, api: budgets.setdefault(
            (account, api), Budget(api, 1000, 1000)
        )
        yield cloud


def _common(row: Row) -> dict[str, Any]:
    return {"name": row["name"], "location": row["region"], "tags": row["tags"]}


def _instance(row: Row, estate: Estate) -> dict[str, Any]:
    return {"properties": {
        "hardwareProfile": {"vmSize": row["sku"]}, "timeCreated": _time(row["created_at"]),
        "storageProfile": {"osDisk": {"osType": row["config"]["os"].title(),
                                      "createOption": "FromImage"}},
        "extended": {"instanceView": {
            "powerState": {"code": f"PowerState/{POWER[row['state']]}"}}},
    }}  # fmt: skip


def _disk(row: Row, estate: Estate) -> dict[str, Any]:
    system = {"osType": "Linux"} if row["config"]["boot"] == "true" else {}
    return {"sku": {"name": row["sku"]}, "managedBy": row["attached_to"], "properties": {
        "diskSizeGB": int(row["size_gib"]), "timeCreated": _time(row["created_at"]),
        "LastOwnershipUpdateTime": _time(row["state_since"]),
        "creationData": {"createOption": "Empty"}, **system,
    }}  # fmt: skip


def _snapshot(row: Row, estate: Estate) -> dict[str, Any]:
    return {"sku": {"name": row["sku"]}, "properties": {
        "diskSizeGB": 128, "timeCreated": _time(row["created_at"]), "completionPercent": 100,
        "creationData": {"createOption": "Copy", "sourceResourceId": row["config"]["source"]},
    }}  # fmt: skip


def _image(row: Row, estate: Estate) -> dict[str, Any]:
    return {"properties": {"storageProfile": {
        "osDisk": {"osType": "Linux", "osState": "Generalized", "diskSizeGB": 128}}}}  # fmt: skip


def _address(row: Row, estate: Estate) -> dict[str, Any]:
    """One that a machine has leads there through a network interface."""
    facts: dict[str, Any] = {"publicIPAllocationMethod": row["sku"].title()}
    if row["attached_to"]:
        place = row["resource_id"].split("/publicipaddresses/")[0]
        interface = f"{place}/networkinterfaces/nic-of-{row['name']}"
        estate.put(interface, location=row["region"],
                   properties={"virtualMachine": {"id": row["attached_to"]}})  # fmt: skip
        facts["ipConfiguration"] = {"id": f"{interface}/ipConfigurations/first"}
    return {"sku": {"name": "Standard"}, "properties": facts}


def _database(row: Row, estate: Estate) -> dict[str, Any]:
    return {"sku": {"name": "GP_Gen5"}, "properties": {
        "currentServiceObjectiveName": row["sku"], "status": "Online",
        "creationDate": _time(row["created_at"]), "maxSizeBytes": int(row["size_gib"] * GIB),
        "zoneRedundant": row["config"]["multi_az"] == "true",
    }}  # fmt: skip


def _load_balancer(row: Row, estate: Estate) -> dict[str, Any]:
    targets = [{"id": f"t{number}"} for number in range(int(row["config"]["targets"]))]
    pool = {"properties": {"backendIPConfigurations": targets}}
    return {"sku": {"name": row["sku"].title()}, "properties": {"backendAddressPools": [pool]}}


def _nat_gateway(row: Row, estate: Estate) -> dict[str, Any]:
    subnets = [{"id": f"s{number}"} for number in range(int(row["config"]["routes"]))]
    return {"sku": {"name": "Standard"}, "properties": {"subnets": subnets}}


def _bucket(row: Row, estate: Estate) -> dict[str, Any]:
    return {"sku": {"name": row["sku"]}, "kind": "StorageV2",
            "properties": {"creationTime": _time(row["created_at"])}}  # fmt: skip


def _log_group(row: Row, estate: Estate) -> dict[str, Any]:
    days = row["config"].get("retention_days")
    return {"properties": {
        "sku": {"name": "PerGB2018"}, "createdDate": _time(row["created_at"]),
        **({"retentionInDays": int(days)} if days else {}),
    }}  # fmt: skip


def _function(row: Row, estate: Estate) -> dict[str, Any]:
    return {"kind": "functionapp,linux", "properties": {"sku": "Dynamic", "state": "Running"}}


def _cluster(row: Row, estate: Estate) -> dict[str, Any]:
    return {"sku": {"name": "Base", "tier": "Standard"},
            "properties": {"powerState": {"code": "Running"}}}  # fmt: skip


MADE: Mapping[str, Any] = {
    "instance": _instance, "disk": _disk, "snapshot": _snapshot, "image": _image,
    "address": _address, "database": _database, "load_balancer": _load_balancer,
    "nat_gateway": _nat_gateway, "bucket": _bucket, "log_group": _log_group,
    "function": _function, "cluster": _cluster,
}  # fmt: skip


def _measured(load: Load) -> dict[str, Any]:
    """What Azure Monitor makes of the samples of an hour."""
    total, count = sum(load.percents), len(load.percents)
    point = {
        "timeStamp": f"{load.hour:%Y-%m-%dT%H:%M:%SZ}", "average": total / count, "total": total,
        "minimum": min(load.percents), "maximum": max(load.percents), "count": count,
    }  # fmt: skip
    return {"name": "Percentage CPU", "data": [point]}


def _silent(load: Load) -> list[dict[str, Any]]:
    names = ("Available Memory Bytes", "Network In Total", "Network Out Total",
             "Disk Read Operations/Sec", "Disk Write Operations/Sec")  # fmt: skip
    return [{"name": name, "data": []} for name in names]


def _time(moment: datetime | None) -> str | None:
    """As Azure may write it: here two hours east of Greenwich."""
    if moment is None:
        return None
    return f"{moment + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}.0000000+02:00"
