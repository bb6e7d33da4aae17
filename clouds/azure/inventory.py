"""Everything that exists in the subscriptions: one query of Resource Graph for each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from clouds.azure import network_shapes, service_shapes, shapes
from clouds.azure.access import Access
from clouds.azure.facts import place
from clouds.azure.grants import Grants, fetch_grants
from clouds.azure.graph import fetch_rows, query
from clouds.cloud import RESOURCE_SCHEMA, Failure, Reading
from clouds.errors import CloudError, Forbidden, Unauthorized, Unreadable
from clouds.sweep import Part, frame, sweep

ALL = ""  # one query covers all regions of many subscriptions
TOGETHER = 200  # subscriptions of one query
LOCATIONS = "Microsoft.Resources/subscriptions/locations/read"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions/read"
API_VERSION = "2022-12-01"  # of Microsoft.Resources


@dataclass(frozen=True)
class Source:
    """Where resources of one kind are found, and how their rows are read.

    Rows are read one by one by `shape`, or all at once by `gather` where they tell of each other.
    """

    kind: str
    types: Sequence[str]
    shape: shapes.Shape | None = None
    table: str = "resources"
    gather: shapes.Gather | None = None

    @property
    def permissions(self) -> list[str]:
        """What one must be allowed to see them."""
        return [f"{each}/read" for each in self.types]


SOURCES = (
    Source("instance", ["Microsoft.Compute/virtualMachines"], shapes.instance),
    Source("scaled_instance", ["Microsoft.Compute/virtualMachineScaleSets/virtualMachines"],
           shapes.instance, "computeresources"),
    Source("disk", ["Microsoft.Compute/disks"], shapes.disk),
    Source("snapshot", ["Microsoft.Compute/snapshots"], shapes.snapshot),
    Source("image", ["Microsoft.Compute/images", "Microsoft.Compute/galleries/images/versions"],
           shapes.image),
    Source("scaling_group", ["Microsoft.Compute/virtualMachineScaleSets"], shapes.scaling_group),
    Source("address", ["Microsoft.Network/publicIPAddresses"], network_shapes.address),
    Source("network_interface", ["Microsoft.Network/networkInterfaces"],
           network_shapes.network_interface),
    Source("load_balancer", ["Microsoft.Network/loadBalancers",
           "Microsoft.Network/applicationGateways"], network_shapes.load_balancer),
    Source("nat_gateway", ["Microsoft.Network/natGateways"], network_shapes.nat_gateway),
    Source("security_group", ["Microsoft.Network/networkSecurityGroups"],
           network_shapes.security_group),
    Source("network", ["Microsoft.Network/virtualNetworks"], network_shapes.network),
    Source("subnet", ["Microsoft.Network/virtualNetworks"], network_shapes.subnets),
    Source("dns_zone", ["Microsoft.Network/dnsZones", "Microsoft.Network/privateDnsZones"],
           network_shapes.dns_zone),
    Source("vpn_gateway", ["Microsoft.Network/virtualNetworkGateways",
           "Microsoft.Network/connections"], gather=network_shapes.vpn_gateways),
    Source("circuit", ["Microsoft.Network/expressRouteCircuits"], network_shapes.circuit),
    Source("ddos_plan", ["Microsoft.Network/ddosProtectionPlans"], network_shapes.ddos_plan),
    Source("private_endpoint", ["Microsoft.Network/privateEndpoints"],
           network_shapes.private_endpoint),
    Source("database", ["Microsoft.Sql/servers/databases"], shapes.sql_database),
    Source("server_database", ["Microsoft.DBforPostgreSQL/flexibleServers",
           "Microsoft.DBforMySQL/flexibleServers"], shapes.server_database),
    Source("elastic_pool", ["Microsoft.Sql/servers/elasticPools"], service_shapes.elastic_pool),
    Source("document_account", ["Microsoft.DocumentDB/databaseAccounts"],
           service_shapes.document_account),
    Source("sql_machine", ["Microsoft.SqlVirtualMachine/sqlVirtualMachines"],
           service_shapes.sql_machine),
    Source("bucket", ["Microsoft.Storage/storageAccounts"], shapes.bucket),
    Source("cluster", ["Microsoft.ContainerService/managedClusters"], shapes.cluster),
    Source("node_pool", ["Microsoft.ContainerService/managedClusters"], service_shapes.node_pools),
    Source("app_plan", ["Microsoft.Web/serverFarms"], service_shapes.app_plan),
    Source("function", ["Microsoft.Web/sites"], shapes.function),
    Source("log_group", ["Microsoft.OperationalInsights/workspaces"], shapes.log_group),
    Source("backup_item", [
           "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"],
           service_shapes.backup_item, "recoveryservicesresources"),
    Source("spark_pool", ["Microsoft.Synapse/workspaces/bigDataPools"], service_shapes.spark_pool),
    Source("analytics_cluster", ["Microsoft.Kusto/clusters"], service_shapes.analytics_cluster),
    Source("ml_endpoint", ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints"],
           service_shapes.ml_endpoint),
    Source("advice", ["Microsoft.Advisor/recommendations"], shapes.advice, "advisorresources"),
)  # fmt: skip
CANONICAL = {"scaled_instance": "instance", "server_database": "database"}


def inventory(access: Access, subscriptions: Sequence[str]) -> Reading:
    """All resources of the subscriptions, in the columns of `RESOURCE_SCHEMA`.

    Resource Graph hides what we may not read instead of refusing it; so a kind that no role of
    ours allows is reported as failed, and nothing of it is taken for gone. Raises `Unauthorized`
    if no subscription takes the credentials.
    """
    readable, failed = _readable(access, subscriptions)
    parts: list[Part] = []
    for source in SOURCES:
        denied = {one: _denied(source, grants) for one, (grants, _) in readable.items()}
        failed += [Failure(one, "", source.kind, str(why)) for one, why in denied.items() if why]
        allowed = [one for one, why in denied.items() if why is None]
        for start in range(0, len(allowed), TOGETHER):
            read = partial(_read, access, allowed[start : start + TOGETHER], source)
            parts.append(Part("azure", ALL, ALL, source.kind, read))
    found = sweep(parts, RESOURCE_SCHEMA)
    rows = found.rows.unique("resource_id", keep="last", maintain_order=True)
    is_read = bool(found.read) or not parts
    return Reading(
        rows.sort("account", "kind", "resource_id"),
        [("azure", one, region) for one, (_, all_regions) in readable.items()
         for region in all_regions if is_read],
        [replace(failure, kind=CANONICAL.get(failure.kind, failure.kind))
         for failure in dict.fromkeys([*failed, *found.failed])],
    )  # fmt: skip


def subscriptions_of(access: Access) -> list[str]:
    """Ids of all subscriptions that the credentials see and that are not deleted."""
    found = access.get_all("/subscriptions", API_VERSION, SUBSCRIPTIONS)
    return sorted(
        str(each["subscriptionId"]).lower() for each in found if each.get("state") != "Deleted"
    )


def fetch_regions(access: Access, subscription: str) -> list[str]:
    """Every region that a subscription may use, and `global` for what has none."""
    path = f"/subscriptions/{subscription}/locations"
    found = access.get_all(path, API_VERSION, LOCATIONS)
    return sorted({place(each["name"]) for each in found} | {"global"})


def parse_rows(rows: Sequence[Mapping[str, Any]], source: Source) -> pl.DataFrame:
    """Rows of Resource Graph in the columns of `RESOURCE_SCHEMA`."""
    kind = CANONICAL.get(source.kind, source.kind)
    try:
        told = [{**row, "properties": row.get("properties") or {}} for row in rows]
        records = [{"kind": kind, **each} for each in _records(told, source)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(
            f"Resource Graph describes a resource of kind {source.kind} in a way that can't be "
            f"read ({type(error).__name__}: {error}). Nothing of this kind was kept."
        ) from error
    return frame(RESOURCE_SCHEMA, records)


def _records(rows: Sequence[shapes.Row], source: Source) -> list[shapes.Record]:
    found = source.gather(rows) if source.gather else []
    for row in rows:
        made = source.shape(row) if source.shape else None
        found += made if isinstance(made, list) else [made] if made else []
    return found


def _read(access: Access, subscriptions: Sequence[str], source: Source) -> pl.DataFrame:
    kql = query(source.table, source.types)
    return parse_rows(fetch_rows(access, subscriptions, kql, source.permissions[0]), source)


def _denied(source: Source, grants: Grants) -> Forbidden | None:
    """Why resources of a kind would be hidden from us; null if they are not."""
    try:
        for permission in source.permissions:
            grants.require(permission)
    except Forbidden as error:
        return error
    return None


def _readable(
    access: Access, subscriptions: Sequence[str]
) -> tuple[dict[str, tuple[Grants, list[str]]], list[Failure]]:
    """What we may do in each subscription, and which regions it has.

    One query covers all regions: what is read, is read in each of them, so that a region is also
    known to be empty. Raises `Unauthorized` if the credentials are refused by all.
    """
    found: dict[str, tuple[Grants, list[str]]] = {}
    failed: list[Failure] = []
    refused: list[Unauthorized] = []
    for one in subscriptions:
        try:
            found[one] = fetch_grants(access, one), fetch_regions(access, one)
        except Unauthorized as error:
            refused.append(error)
            failed.append(Failure(one, "", "", str(error)))
        except CloudError as error:
            failed.append(Failure(one, "", "", str(error)))
    if refused and len(refused) == len(subscriptions):
        raise refused[0]
    return found, failed
