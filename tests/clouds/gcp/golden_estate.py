"""The demo's resources of Google Cloud as Cloud Asset Inventory lists them, in the fake.

Compute Engine's ids end in a number of its own, so that names are compared.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from gcp_emulator import Google, serving
from gcp_estate import compute, link, other, project
from golden import Load, Row, Unsaid
from google.oauth2.credentials import Credentials

from clouds import budget
from clouds.cloud import Cloud
from clouds.gcp import connect
from clouds.gcp.access import instead

NOT_TOLD = "Google's API does not say"
NOT_READ = "not built yet: this release does not read them from Google"
UNSAID: Sequence[Unsaid] = (
    *(Unsaid(kind, "", NOT_READ) for kind in ("function", "log_group", "nat_gateway")),
    *(Unsaid(kind, "state_since", NOT_TOLD)
      for kind in ("snapshot", "image", "address", "database", "load_balancer", "bucket",
                   "cluster")),
    Unsaid("instance", "config.agent", "whether there is an agent its measurements show"),
    Unsaid("image", "sku", "images of Google come in one sort"),
    Unsaid("load_balancer", "config.targets", "a forwarding rule does not know what is behind it"),
    Unsaid("bucket", "size_gib", "Cloud Monitoring says it"),
)  # fmt: skip
GIB = 2**30
STATUS = {"running": "RUNNING", "stopped": "TERMINATED"}
VERSIONS = {"postgres": "POSTGRES_15", "mysql": "MYSQL_8_0"}
RULES = [{"action": {"type": "SetStorageClass"}, "condition": {"age": 30}},
         {"action": {"type": "Delete"}, "condition": {"age": 365}}]  # fmt: skip


@contextmanager
def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]:
    projects = sorted({row["account"] for row in rows})
    ours = {row["resource_id"]: row for row in rows}
    made = [MADE[row["kind"]](row, ours) for row in rows if row["kind"] in MADE]
    google = Google(assets=[*map(project, projects), *made])
    (busy,) = [row for row in rows if row["name"] == load.name]
    labels = {"instance_id": _number(busy), "zone": busy["zone"], "project_id": busy["account"]}
    step = timedelta(hours=1) / len(load.percents)
    for number, percent in enumerate(load.percents):
        google.measure(
            "compute.googleapis.com/instance/cpu/utilization", labels, load.hour + number * step,
            percent / 100,
        )  # fmt: skip
    budget.budget.cache_clear()
    with serving(google) as access, instead(replace(access, given=Credentials(token="t"))):
        yield connect(projects=projects)


def _instance(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    disks = [
        {"source": _link(each), "boot": each["config"]["boot"] == "true"}
        for each in ours.values()
        if each["kind"] == "disk" and each["attached_to"] == row["resource_id"]
    ]
    since = "lastStartTimestamp" if row["state"] == "running" else "lastStopTimestamp"
    return _compute(
        "Instance", row, labels=row["tags"], status=STATUS[row["state"]], disks=disks,
        machineType=link(f"zones/{row['zone']}/machineTypes/{row['sku']}", row["account"]),
        deletionProtection=row["config"].get("termination_protection") == "true",
        **{since: _time(row["state_since"])},
    )  # fmt: skip


def _disk(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    owner = ours.get(row["attached_to"])
    since = "lastAttachTimestamp" if owner else "lastDetachTimestamp"
    return _compute(
        "Disk", row, labels=row["tags"], status="READY", sizeGb=str(int(row["size_gib"])),
        type=link(f"zones/{row['zone']}/diskTypes/{row['sku']}", row["account"]),
        users=[_link(owner)] if owner else [], **{since: _time(row["state_since"])},
    )  # fmt: skip


def _snapshot(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    source = ours.get(row["config"]["source"])
    gone = link("zones/europe-west1-b/disks/gone", row["account"])
    return _compute(
        "Snapshot", row, labels=row["tags"], status="READY", diskSizeGb="2000",
        snapshotType="STANDARD", storageBytes=_bytes(row),
        sourceDisk=_link(source) if source else gone,
    )  # fmt: skip


def _image(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    return _compute("Image", row, labels=row["tags"], status="READY", archiveSizeBytes=_bytes(row))


def _address(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    owner = ours.get(row["attached_to"])
    return _compute(
        "Address", row, labels=row["tags"], addressType="EXTERNAL",
        status="IN_USE" if owner else "RESERVED", users=[_link(owner)] if owner else [],
    )  # fmt: skip


def _load_balancer(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    target = link(f"regions/{row['region']}/targetHttpProxies/t", row["account"])
    return _compute("ForwardingRule", row, labels=row["tags"], target=target)


def _database(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    return other(
        "sqladmin", "Instance", row["resource_id"], row["region"], row["account"],
        name=row["name"], project=row["account"], region=row["region"], gceZone=row["zone"],
        databaseVersion=VERSIONS[row["config"]["engine"]], state="RUNNABLE",
        createTime=_time(row["created_at"]),
        settings={
            "tier": row["sku"], "dataDiskSizeGb": str(int(row["size_gib"])),
            "availabilityType": "REGIONAL" if row["config"]["multi_az"] == "true" else "ZONAL",
            "activationPolicy": "ALWAYS", "userLabels": row["tags"],
        },
    )  # fmt: skip


def _bucket(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    rules = [] if row["config"]["lifecycle"] == "none" else RULES
    return other(
        "storage", "Bucket", f"//storage.googleapis.com/{row['name']}", row["region"],
        row["account"], name=row["name"], location=row["region"].upper(),
        storageClass=row["sku"].upper(), timeCreated=_time(row["created_at"]), labels=row["tags"],
        lifecycle={"rule": rules},
    )  # fmt: skip


def _cluster(row: Row, ours: Mapping[str, Row]) -> dict[str, Any]:
    return other(
        "container", "Cluster", row["resource_id"], row["region"], row["account"],
        name=row["name"], status="RUNNING", createTime=_time(row["created_at"]),
        currentNodeCount=3, resourceLabels=row["tags"],
    )  # fmt: skip


MADE: Mapping[str, Any] = {
    "instance": _instance, "disk": _disk, "snapshot": _snapshot, "image": _image,
    "address": _address, "load_balancer": _load_balancer, "database": _database,
    "bucket": _bucket, "cluster": _cluster,
}  # fmt: skip
PATHS = {"instance": "zones/{zone}/instances", "disk": "zones/{zone}/disks",
         "snapshot": "regions/{region}/snapshots", "image": "regions/{region}/images",
         "address": "regions/{region}/addresses",
         "load_balancer": "regions/{region}/forwardingRules"}  # fmt: skip


def _compute(schema: str, row: Row, **data: Any) -> dict[str, Any]:
    return compute(
        schema, _path(row), int(_number(row)), row["account"],
        creationTimestamp=_time(row["created_at"]), **data,
    )  # fmt: skip


def _path(row: Row) -> str:
    return f"{PATHS[row['kind']].format(**row)}/{row['name']}"


def _link(row: Row) -> str:
    return link(_path(row), row["account"])


def _number(row: Row) -> str:
    return str(10**15 + crc32(row["resource_id"].encode()))


def _bytes(row: Row) -> str:
    return str(round(row["size_gib"] * GIB))


def _time(moment: datetime) -> str:
    """As Google writes it: in the time of California."""
    return f"{moment - timedelta(hours=8):%Y-%m-%dT%H:%M:%S.000}-08:00"
