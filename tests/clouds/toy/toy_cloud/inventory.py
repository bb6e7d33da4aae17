"""What exists: one part for each kind in each region of each account."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl

from clouds.cloud import RESOURCE_SCHEMA
from clouds.sweep import Part, frame
from toy_cloud.access import Account

REGIONS = ("north", "south")
PATHS = {"instance": "machines", "disk": "disks"}
MIB = 1 / 1024  # GiB


def parts(accounts: Sequence[Account]) -> list[Part]:
    """Everything there is to read."""
    return [
        Part("toy", account.name, region, kind, partial(_read, account, region, kind))
        for account in accounts
        for region in REGIONS
        for kind in PATHS
    ]


def fetch(account: Account, region: str, kind: str) -> Iterable[dict[str, Any]]:
    """The items of one kind in one region, page by page. Raises `CloudError`."""
    return account.items(f"/{region}/{PATHS[kind]}")


def parse(item: Mapping[str, Any], account: str, region: str, kind: str) -> dict[str, Any]:
    """One item as a row of `RESOURCE_SCHEMA`."""
    return {
        "cloud": "toy",
        "account": account,
        "region": region,
        "resource_id": item["id"],
        "kind": kind,
        "name": item["name"],
        "sku": item["type"],
        "state": item["state"],
        "created_at": utc(item["created"]),
        "attached_to": item.get("machine"),
        "size_gib": item["size_mib"] * MIB if "size_mib" in item else None,
        "tags": json.dumps(item["labels"]),
        "config": json.dumps({"zone_letter": item["zone"]}),
    }


def utc(text: str) -> datetime:
    """An ISO time with its offset as UTC without one."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _read(account: Account, region: str, kind: str) -> pl.DataFrame:
    items = fetch(account, region, kind)
    return frame(RESOURCE_SCHEMA, [parse(item, account.name, region, kind) for item in items])
