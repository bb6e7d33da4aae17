"""What DigitalOcean rents out and at which price: the sizes of droplets."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA
from clouds.digitalocean.access import Session
from clouds.sweep import frame

SOURCE = "DigitalOcean GET /v2/sizes"
MIB_PER_GIB = 1024
BURSTABLE = ("s", "")  # Basic droplets share their CPUs; the oldest of them have names like 512mb
PRECISION = Decimal("1e-9")

Record = Mapping[str, Any]


def fetch_sizes(session: Session) -> list[Record]:
    """All sizes, those that are sold out or retired too."""
    return session.pages("sizes.list", "sizes")


def parse_offers(sizes: Iterable[Record]) -> pl.DataFrame:
    """One row per size; what the API does not say is null."""
    return frame(OFFER_SCHEMA, [_offer(size) for size in sizes])


def parse_prices(sizes: Iterable[Record], as_of: date) -> pl.DataFrame:
    """One row per size and region where it can be had now."""
    rows = [
        {
            "cloud": "digitalocean",
            "region": region,
            "instance_type": size["slug"],
            "os": "linux",
            "price_type": "on_demand",
            "currency": "USD",
            "price_hour": _price(size["price_hourly"]),
            "as_of": as_of,
            "source": SOURCE,
            "quality": "ok",
        }
        for size in sizes
        if size["available"]
        for region in size["regions"]
    ]
    return frame(PRICE_SCHEMA, rows)


def _offer(size: Record) -> dict[str, Any]:
    family = _family(size["slug"])
    stated = (size.get("gpu_info") or {}).get("count")
    gpus = float(stated if stated is not None else family == "gpu")
    return {
        "cloud": "digitalocean",
        "instance_type": size["slug"],
        "family": family or None,
        "vcpus": float(size["vcpus"]),
        "memory_gib": size["memory"] / MIB_PER_GIB,
        "arch": "x86_64",  # all that DigitalOcean sells
        "burstable": family in BURSTABLE,
        "gpu_count": gpus,
        "gpu_memory_gib": None if gpus else 0.0,
        "bare_metal": False,  # droplets are virtual machines
        "local_storage_gb": float(size["disk"]),
        "current_generation": bool(size["available"]),
        "source": SOURCE,
    }


def _family(slug: str) -> str:
    """The letters before the first dash.

    >>> _family("s-2vcpu-4gb-amd"), _family("so1_5-2vcpu-16gb"), _family("512mb")
    ('s', 'so1_5', '')
    """
    found = re.match(r"([a-z][a-z0-9_]*)-", slug)
    return found[1] if found else ""


def _price(hourly: float) -> Decimal:
    """The API gives a 32-bit number as if it had 64 bits: 0.00744 comes as 0.00743999984115362."""
    return Decimal(f"{hourly:.6g}").quantize(PRECISION)
