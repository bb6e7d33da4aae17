"""The demo's resources of DigitalOcean as its API gives them, in the fake.

Ids are the demo's own; the account is that of the fake's token.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from digitalocean_fake import REGION, TOKEN, Fake, serve
from digitalocean_records import droplet, size_of, volume
from golden import Load, Row, Unsaid

from clouds.cloud import Cloud
from clouds.digitalocean import connect

NOT_TOLD = "DigitalOcean's API does not say"
KINDS = ("instance", "disk", "snapshot", "address", "load_balancer", "database", "cluster")
UNSAID: Sequence[Unsaid] = (
    Unsaid("bucket", "", "buckets can be listed with a key of Spaces only, which we don't take"),
    *(Unsaid(kind, "account", "a token is of one team, here the fake's") for kind in KINDS),
    *(Unsaid(kind, "state_since", NOT_TOLD) for kind in KINDS),
    Unsaid("address", "created_at", NOT_TOLD),
    Unsaid("address", "tags", "addresses of DigitalOcean have none"),
    Unsaid("load_balancer", "tags", "load balancers have one, which names their targets"),
)
LISTS = {
    "instance": "/v2/droplets", "disk": "/v2/volumes", "snapshot": "/v2/snapshots",
    "address": "/v2/reserved_ips", "load_balancer": "/v2/load_balancers",
    "database": "/v2/databases", "cluster": "/v2/kubernetes/clusters",
}  # fmt: skip
GIB = 2**30
POOL = "cdda885e-7663-40c8-bc74-3a036c66545d"


@contextmanager
def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]:
    token = folder / "token"
    token.write_text(TOKEN)
    fake = Fake()
    fake.lists["/v2/regions"] = [_region(name) for name in sorted({r["region"] for r in rows})]
    for row in rows:
        if row["kind"] in LISTS:
            fake.lists[LISTS[row["kind"]]].append(MADE[row["kind"]](row))
    (busy,) = [row for row in rows if row["name"] == load.name]
    step = timedelta(hours=1) / len(load.percents)
    at = [int((load.hour + number * step).replace(tzinfo=UTC).timestamp())
          for number in range(len(load.percents))]  # fmt: skip

    def samples(of: str) -> Any:
        def told(query: Mapping[str, str]) -> Any:
            if query["host_id"] != busy["resource_id"]:
                return []
            free = [GIB * (100 - percent) / 100 for percent in load.percents]
            values = free if of == "available" else [GIB] * len(at)
            return [({}, list(zip(at, values, strict=True)))]

        return told

    for name in ("total", "available"):
        fake.samples[f"memory_{name}"] = samples(name)
    with serve(fake):
        yield connect(token_file=str(token), endpoint=fake.url)


def _instance(row: Row) -> dict[str, Any]:
    return droplet(
        int(row["resource_id"]), **_common(row), size_slug=row["sku"], size=size_of(row["sku"]),
        status={"running": "active", "stopped_billed": "off"}[row["state"]],
        features=["monitoring"] if row["config"]["agent"] == "yes" else [],
    )  # fmt: skip


def _disk(row: Row) -> dict[str, Any]:
    owners = [int(row["attached_to"])] if row["attached_to"] else []
    return volume(
        id=row["resource_id"], **_common(row), size_gigabytes=int(row["size_gib"]),
        droplet_ids=owners,
    )  # fmt: skip


def _snapshot(row: Row) -> dict[str, Any]:
    common = _common(row)
    common.pop("region")
    return {
        "id": row["resource_id"], **common, "regions": [row["region"]], "min_disk_size": 0,
        "size_gigabytes": row["size_gib"], "resource_id": row["config"]["source"],
        "resource_type": "volume",
    }  # fmt: skip


def _address(row: Row) -> dict[str, Any]:
    owner = droplet(int(row["attached_to"])) if row["attached_to"] else None
    return {"ip": row["resource_id"], "region": _region(row["region"]), "droplet": owner,
            "locked": False, "project_id": "746c6152-2fa2-11ed-92d3-27aaa54e4988"}  # fmt: skip


def _load_balancer(row: Row) -> dict[str, Any]:
    common = _common(row)
    common.pop("tags")
    rule = {"entry_protocol": "http", "entry_port": 80, "target_protocol": "http",
            "target_port": 80}  # fmt: skip
    return {
        "id": row["resource_id"], **common, "status": "active", "type": "REGIONAL",
        "droplet_ids": [1 + number for number in range(int(row["config"]["targets"]))],
        "forwarding_rules": [rule], "size_unit": 1,
    }  # fmt: skip


def _database(row: Row) -> dict[str, Any]:
    return {
        "id": row["resource_id"], **_common(row), "region": row["region"], "size": row["sku"],
        "engine": {"postgres": "pg", "mysql": "mysql"}[row["config"]["engine"]],
        "num_nodes": int(row["config"]["nodes"]), "status": "online", "version": "16",
        "storage_size_mib": int(row["size_gib"] * 1024),
    }  # fmt: skip


def _cluster(row: Row) -> dict[str, Any]:
    return {
        "id": row["resource_id"], **_common(row), "region": row["region"], "ha": False,
        "version": "1.34.1-do.0", "status": {"state": "running"},
        "node_pools": [{"id": POOL, "name": "pool", "size": "s-2vcpu-4gb", "count": 1}],
    }  # fmt: skip


MADE: Mapping[str, Any] = {
    "instance": _instance, "disk": _disk, "snapshot": _snapshot, "address": _address,
    "load_balancer": _load_balancer, "database": _database, "cluster": _cluster,
}  # fmt: skip


def _common(row: Row) -> dict[str, Any]:
    """Tags are words here."""
    return {
        "name": row["name"], "region": _region(row["region"]),
        "created_at": f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}",
        "tags": [f"{key}:{value}" for key, value in row["tags"].items()],
    }  # fmt: skip


def _region(slug: str) -> dict[str, Any]:
    return {**REGION, "slug": slug, "name": slug}
