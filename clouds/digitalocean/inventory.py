"""Everything an account of DigitalOcean has, in our words. Each list is of all regions."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from clouds.cloud import RESOURCE_SCHEMA, Reading
from clouds.digitalocean.access import Session
from clouds.digitalocean.invoices import when
from clouds.errors import CloudError
from clouds.ports import ALL, listed, parsed
from clouds.sweep import WORKERS, Part, frame, sweep

GLOBAL = "global"  # the region of what has none
MIB_PER_GIB = 1024
ENGINES = {"pg": "postgres", "advanced_pg": "postgres", "advanced_mysql": "mysql"}
DROPLET_STATES = {"active": "running", "off": "stopped_billed"}  # it is billed until it is deleted
DATABASE_STATES = {"online": "available"}
CLUSTER_STATES = {"running": "active"}

Record = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One list of the API and how to read what it holds."""

    kind: str
    operation: str
    records: str  # name of the list in the answer
    parse: Callable[[Record], Row]
    is_paged: bool = True
    is_regional: bool = True


def read(session: Session) -> Reading:
    """All resources in the columns of `RESOURCE_SCHEMA`. Raises if the account can't be named."""
    account = session.account()
    with ThreadPoolExecutor(WORKERS) as pool:
        regions = pool.submit(_regions, session)
        lists = dict(zip(LISTINGS, pool.map(partial(_fetch, session), LISTINGS), strict=True))
    clusters = lists[CLUSTERS]
    members = {} if isinstance(clusters, CloudError) else parse_members(clusters)
    lists[POOLS] = clusters if isinstance(clusters, CloudError) else pools_of(clusters)
    found = {
        listing: listed
        if isinstance(listed, CloudError)
        else _rows(account, listing, listed, members)
        for listing, listed in lists.items()
    }
    known = regions.result()
    places = {*([] if isinstance(known, CloudError) else known), *_places(found.values()), GLOBAL}
    parts = [
        Part("digitalocean", account, region, listing.kind, partial(_of_region, rows, region))
        for region in sorted(places)
        for listing, rows in found.items()
        if listing.is_regional == (region != GLOBAL) or region in _places([rows])
    ]
    if isinstance(known, CloudError):  # then what vanished from a region now empty stays open
        parts.append(
            Part("digitalocean", account, GLOBAL, "region", partial(_of_region, known, ""))
        )
    return sweep(parts, RESOURCE_SCHEMA)


def parse_droplet(record: Record) -> Row:
    """A virtual machine; its local disk is a part of its size, not a disk of its own."""
    image = record.get("image") or {}
    is_windows = "windows" in f"{image.get('distribution')} {image.get('name')}".lower()
    return {
        "resource_id": str(record["id"]),
        "region": record["region"]["slug"],
        "name": record["name"],
        "sku": record["size_slug"],
        "state": DROPLET_STATES.get(record["status"], record["status"]),
        "tags": record.get("tags"),
        "config": {
            "os": "windows" if is_windows else "linux",
            "agent": "yes" if "monitoring" in record["features"] else "no",
            "backups": "true" if "backups" in record["features"] else "false",
            "image": image.get("slug") or image.get("name"),
            "network": record.get("vpc_uuid"),
        },
    }


def parse_volume(record: Record) -> Row:
    """A block storage volume; it never boots a droplet."""
    droplets = record.get("droplet_ids") or []
    return {
        "region": record["region"]["slug"],
        "sku": "volume",
        "state": "in_use" if droplets else "available",
        "attached_to": str(droplets[0]) if droplets else None,
        "size_gib": record["size_gigabytes"],
        "config": {"boot": "false", "filesystem": record.get("filesystem_type")},
    }


def parse_snapshot(record: Record) -> Row:
    """A snapshot of a volume or of a droplet; in the first of its regions."""
    return {
        "region": next(iter(record["regions"]), GLOBAL),
        "sku": "standard",
        "state": "completed",
        "size_gib": record["size_gigabytes"],
        "config": {
            "source": record["resource_id"],
            "source_kind": "disk" if record["resource_type"] == "volume" else "instance",
            "regions": ",".join(sorted(record["regions"])),
        },
    }


def parse_reserved_ip(record: Record) -> Row:
    """A reserved IPv4 or IPv6 address; it is billed while no droplet has it."""
    droplet = record.get("droplet") or {}
    return {
        "resource_id": record["ip"],
        "name": record["ip"],
        "region": record.get("region_slug") or record["region"]["slug"],
        "sku": "static",
        "state": "in_use" if droplet else "available",
        "created_at": when(record.get("reserved_at")),
        "attached_to": str(droplet["id"]) if droplet else None,
    }


def parse_load_balancer(record: Record) -> Row:
    """A load balancer; with a tag as its target, the droplets that carry the tag now."""
    region = record.get("region") or {}
    kind = "network" if record.get("type") == "REGIONAL_NETWORK" else "application"
    targets = record.get("droplet_ids") or record.get("target_load_balancer_ids") or []
    return {
        "region": region.get("slug") or GLOBAL,
        "sku": kind,
        "tags": [],
        "config": {
            "targets": str(len(targets)),
            "target_tag": record.get("tag"),
            "nodes": str(record.get("size_unit") or record.get("size") or "") or None,
            "network": record.get("vpc_uuid"),
        },
    }  # fmt: skip


def parse_database(record: Record) -> Row:
    """A managed database cluster. Its answer holds passwords: only these fields are taken."""
    size = record.get("storage_size_mib")
    return {
        "region": record["region"],
        "sku": record["size"],
        "state": DATABASE_STATES.get(record.get("status", ""), record.get("status")),
        "size_gib": size / MIB_PER_GIB if size is not None else None,
        "config": {
            "engine": ENGINES.get(record["engine"], record["engine"]),
            "multi_az": "false",
            "version": record.get("version"),
            "nodes": str(record["num_nodes"]),
            "network": record.get("private_network_uuid"),
        },
    }


def parse_cluster(record: Record) -> Row:
    """A Kubernetes cluster; its nodes are droplets, see `parse_members`."""
    pools = record["node_pools"]
    state = (record.get("status") or {}).get("state")
    return {
        "region": record["region"],
        "sku": "high_availability" if record.get("ha") else "standard",
        "state": CLUSTER_STATES.get(state or "", state),
        "config": {
            "version": record["version"],
            "nodes": str(sum(pool.get("count") or 0 for pool in pools)),
            "node_skus": ",".join(sorted({pool["size"] for pool in pools if pool.get("size")})),
            "network": record.get("vpc_uuid"),
        },
    }


def parse_pool(record: Record) -> Row:
    """A node pool of a Kubernetes cluster, as `pools_of` hands it over."""
    return {
        "sku": record.get("size"),
        "region": record["region"],
        "state": "active",
        "member_of": record["cluster"],
        "config": {
            "nodes": str(record.get("count") or 0),
            "autoscaling": "true" if record.get("auto_scale") else "false",
            "min": str(record.get("min_nodes") or 0) if record.get("auto_scale") else None,
            "max": str(record.get("max_nodes") or 0) if record.get("auto_scale") else None,
            "mode": "user",
            "os": "linux",
        },
    }


def pools_of(clusters: Iterable[Record]) -> list[Record]:
    """The node pools of clusters, each with the region and the id of its cluster."""
    return [
        {**pool, "region": cluster["region"], "cluster": str(cluster["id"]),
         "created_at": cluster.get("created_at")}
        for cluster in clusters
        for pool in cluster["node_pools"]
    ]  # fmt: skip


def parse_members(clusters: Iterable[Record]) -> dict[str, str]:
    """Which droplet is a node of which cluster, by their ids."""
    return {
        str(node["droplet_id"]): str(cluster["id"])
        for cluster in clusters
        for pool in cluster["node_pools"]
        for node in pool.get("nodes") or []
        if node.get("droplet_id")
    }


def parse_key(record: Record) -> Row:
    """An access key of Spaces. The id of the key is no secret; its secret is never shown again."""
    grants = sorted({str(grant.get("permission")) for grant in record.get("grants") or []})
    return {
        "resource_id": record["access_key"],
        "state": "active",
        "config": {"grants": ",".join(grants)},
    }


def parse_firewall(record: Record) -> Row:
    """A firewall and how much it guards."""
    inbound = record.get("inbound_rules") or []
    open_to_all = {"0.0.0.0/0", "::/0"}
    is_open = any(open_to_all & set(rule["sources"].get("addresses") or []) for rule in inbound)
    return {
        "state": {"succeeded": "active"}.get(record.get("status", ""), record.get("status")),
        "config": {
            "targets": str(len(record.get("droplet_ids") or [])),
            "inbound_rules": str(len(inbound)),
            "outbound_rules": str(len(record.get("outbound_rules") or [])),
            "open_to_internet": "true" if is_open else "false",
            "open_ports": listed(_open_ports(inbound)),
        },
    }


def _open_ports(rules: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """The TCP ports that everybody may reach; `0` and `all` are all of them."""
    for rule in rules:
        everybody = {"0.0.0.0/0", "::/0"} & set(rule["sources"].get("addresses") or [])
        if everybody and rule.get("protocol") == "tcp":
            told = str(rule.get("ports") or "all")
            yield ALL if told == "0" else parsed(told)


def parse_domain(record: Record) -> Row:
    """A DNS zone; DigitalOcean knows it by its name."""
    return {"resource_id": record["name"], "state": "active"}


def parse_vpc(record: Record) -> Row:
    """A private network."""
    return {
        "region": record.get("region") or GLOBAL,
        "state": "active",
        "config": {
            "cidr": record.get("ip_range"),
            "default": "true" if record.get("default") else "false",
        },
    }


CLUSTERS = Listing("cluster", "kubernetes.list_clusters", "kubernetes_clusters", parse_cluster)
POOLS = replace(CLUSTERS, kind="node_pool", parse=parse_pool)
"""Told by the list of clusters: no call of its own."""
LISTINGS = (
    Listing("instance", "droplets.list", "droplets", parse_droplet),
    Listing("disk", "volumes.list", "volumes", parse_volume),
    Listing("snapshot", "snapshots.list", "snapshots", parse_snapshot),
    Listing("address", "reserved_ips.list", "reserved_ips", parse_reserved_ip),
    Listing("address", "reserved_ipv6.list", "reserved_ipv6s", parse_reserved_ip),
    Listing("load_balancer", "load_balancers.list", "load_balancers", parse_load_balancer),
    Listing("database", "databases.list_clusters", "databases", parse_database, is_paged=False),
    CLUSTERS,
    Listing("access_key", "spaces_key.list", "keys", parse_key, is_regional=False),
    Listing("security_group", "firewalls.list", "firewalls", parse_firewall, is_regional=False),
    Listing("dns_zone", "domains.list", "domains", parse_domain, is_regional=False),
    Listing("network", "vpcs.list", "vpcs", parse_vpc),
)  # fmt: skip


def _fetch(session: Session, listing: Listing) -> Sequence[Record] | CloudError:
    """All records of a list, or why there are none."""
    try:
        if listing.is_paged:
            return session.pages(listing.operation, listing.records)
        return session.call(listing.operation).get(listing.records) or []
    except CloudError as error:
        return error


def _regions(session: Session) -> list[str] | CloudError:
    """The regions there are: what vanished from one of them is known to be gone."""
    try:
        return [region["slug"] for region in session.pages("regions.list", "regions")]
    except CloudError as error:
        return error


def _rows(
    account: str, listing: Listing, records: Iterable[Record], members: Mapping[str, str]
) -> list[Row]:
    """One row per resource, also if it moved to the next page while the pages were read."""
    rows = (_row(account, listing, record, members) for record in records)
    return list({row["resource_id"]: row for row in rows}.values())


def _row(account: str, listing: Listing, record: Record, members: Mapping[str, str]) -> Row:
    row: Row = {
        "cloud": "digitalocean",
        "account": account,
        "region": GLOBAL,
        "kind": listing.kind,
        "resource_id": str(record.get("id")),
        "name": record.get("name"),
        "state": record.get("status"),
        "created_at": when(record.get("created_at")),
        "tags": record.get("tags"),
        "config": {},
        **listing.parse(record),
    }
    if listing.kind == "instance":
        row["member_of"] = members.get(row["resource_id"])
    row["tags"] = _object(_tags(row["tags"] or []))
    row["config"] = _object(row["config"])
    size = row.get("size_gib")
    return {**row, "size_gib": float(size) if size is not None else None}


def _tags(texts: Iterable[str]) -> dict[str, str]:
    """DigitalOcean's tags are words; `team:web` is read as a key and its value.

    A word that is said twice with different values keeps all of them.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        key, _, value = text.partition(":")
        found.setdefault(key, []).append(value)
    return {key: ",".join(sorted(filter(None, values))) for key, values in found.items()}


def _object(values: Mapping[str, str | None]) -> str:
    """A JSON object of strings; what is unknown is left out."""
    known = {key: value for key, value in values.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _places(found: Iterable[Sequence[Row] | CloudError]) -> set[str]:
    return {row["region"] for rows in found if not isinstance(rows, CloudError) for row in rows}


def _of_region(rows: Sequence[Row] | CloudError, region: str) -> pl.DataFrame:
    if isinstance(rows, CloudError):
        raise rows
    return frame(RESOURCE_SCHEMA, [row for row in rows if row["region"] == region])
