"""Committed use: what was promised for one or three years, from Cloud Asset Inventory."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clouds.cloud import COMMITMENT_SCHEMA, Reading
from clouds.gcp.access import Access
from clouds.gcp.assets import COMMITMENT, account_of
from clouds.gcp.facts import Payload, last, moment
from clouds.gcp.inventory import fetch_assets, fetch_projects
from clouds.sweep import Part, frame, sweep

KEPT = frozenset({"ACTIVE", "EXPIRED", "CANCELLED", "NOT_YET_ACTIVE"})


def read_commitments(access: Access, parents: Sequence[str]) -> Reading:
    """Commitments in the columns of `COMMITMENT_SCHEMA`; what they cost is on the bill."""
    parts = [
        Part("gcp", parent.removeprefix("projects/"), "", "commitment", _reader(access, parent))
        for parent in parents
    ]
    return sweep(parts, COMMITMENT_SCHEMA)


def parse_commitments(
    assets: Iterable[Payload], projects: Mapping[str, str]
) -> list[dict[str, Any]]:
    """One row per commitment; `quantity` is in vCPUs, `covers` the machine family."""
    return [
        {
            "cloud": "gcp",
            "account": account_of(asset, projects),
            "commitment_id": str(asset["name"]).removeprefix("//compute.googleapis.com/"),
            "kind": "committed_use",
            "region": last(str(data.get("region", ""))) or asset["resource"].get("location"),
            "covers": family(str(data.get("type", ""))),
            "quantity": _vcpus(data),
            "starts_at": moment(data.get("startTimestamp")),
            "ends_at": _ends(asset),
        }
        for asset in assets
        if (data := asset["resource"]["data"]).get("status") in KEPT
    ]


def _ends(asset: Payload) -> datetime | None:
    """Its last moment; one that was cancelled, such as by a merge, keeps its end but is no more."""
    data = asset["resource"]["data"]
    told = [moment(data.get("endTimestamp"))]
    if data["status"] == "CANCELLED":
        told.append(moment(asset.get("updateTime")))
    return min((each for each in told if each), default=None)


def family(commitment_type: str) -> str | None:
    """The machine family that a type of commitment is for; null where it names several.

    >>> family("GENERAL_PURPOSE_N2D"), family("GENERAL_PURPOSE"), family("MEMORY_OPTIMIZED")
    ('n2d', 'n1', None)
    """
    if commitment_type == "GENERAL_PURPOSE":
        return "n1"
    if commitment_type == "COMPUTE_OPTIMIZED":
        return "c2"
    found = re.match(r"[A-Z]+_(?:PURPOSE|OPTIMIZED)_([A-Z]\d+[A-Z]*)", commitment_type)
    return found.group(1).lower() if found else None


def _vcpus(data: Payload) -> float | None:
    amounts = [
        float(each["amount"]) for each in data.get("resources", ()) if each.get("type") == "VCPU"
    ]
    return sum(amounts) if amounts else None


def _reader(access: Access, parent: str) -> Any:
    def read() -> Any:
        projects = fetch_projects(access, parent)
        assets = list(fetch_assets(access, parent, [COMMITMENT]))
        return frame(COMMITMENT_SCHEMA, parse_commitments(assets, projects))

    return read
