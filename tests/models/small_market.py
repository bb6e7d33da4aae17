"""A small market for tests of selection, made of rows, and a judge that does the same by hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import duckdb
import polars as pl

from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA
from models.selection.market import Market, prepare
from models.selection.requirements import Range, Requirements

Rows = Sequence[Mapping[str, Any]]
REGION = {"cloud": pl.String, "region": pl.String, "country": pl.String, "continent": pl.String,
          "is_eu": pl.Boolean}  # fmt: skip
CARBON = {"cloud": pl.String, "region": pl.String, "carbon_g_kwh": pl.Float64,
          "carbon_free_percent": pl.Int64, "year": pl.Int64, "source": pl.String}  # fmt: skip
TRIP = {"cloud": pl.String, "region": pl.String, "other": pl.String, "ms": pl.Float64}
INTERRUPTION = {"cloud": pl.String, "region": pl.String, "instance_type": pl.String,
                "os": pl.String, "low_percent": pl.Float64, "high_percent": pl.Float64}  # fmt: skip
UNIT_PRICE = {"cloud": pl.String, "region": pl.String, "currency": pl.String, "what": pl.String,
              "sku": pl.String, "price": pl.Decimal(18, 9)}  # fmt: skip
IDLE = {"cloud": pl.String, "region": pl.String, "covers": pl.String, "currency": pl.String,
        "kind": pl.String, "commitment_id": pl.String, "idle_share": pl.Float64,
        "idle_quantity": pl.Float64, "idle_hour": pl.Decimal(18, 9), "rate_type": pl.String,
        "missing": pl.String}  # fmt: skip


def offer(name: str, vcpus: float | None, gib: float | None, **columns: Any) -> dict[str, Any]:
    """A machine of AWS."""
    return {
        "cloud": "aws", "instance_type": name, "family": name.split(".")[0], "vcpus": vcpus,
        "memory_gib": gib, "arch": "x86_64", "burstable": False, "gpu_count": 0.0,
        "gpu_memory_gib": 0.0, **columns,
    }  # fmt: skip


def price(name: str, amount: str, region: str = "eu-west-1", **columns: Any) -> dict[str, Any]:
    """What it costs on demand in Ireland."""
    return {
        "cloud": "aws", "region": region, "instance_type": name, "os": "linux",
        "price_type": "on_demand", "currency": "USD", "price_hour": Decimal(amount),
        "source": "list", "quality": "ok", **columns,
    }  # fmt: skip


def market(
    offers: Rows, prices: Rows, *, regions: Rows = (), interruptions: Rows = (), units: Rows = (),
    idle: Rows = (), carbon: Rows = (), trips: Rows = (),
) -> Market:  # fmt: skip
    """One that can be searched."""
    connection = duckdb.connect(config={"threads": 1})
    for name, rows, schema in (
        ("offer", offers, OFFER_SCHEMA), ("price", prices, PRICE_SCHEMA),
        ("region_fact", regions, REGION), ("interruption", interruptions, INTERRUPTION),
        ("region_carbon", carbon, CARBON), ("round_trip", trips, TRIP),
        ("unit_price", units, UNIT_PRICE), ("idle_commitment", idle, IDLE),
    ):  # fmt: skip
        connection.register(f"{name}_rows", pl.DataFrame(list(rows), schema=dict(schema)))
        connection.execute(f"create table {name} as from {name}_rows")
    prepare(connection)
    return Market(connection)


def judged(one: Mapping[str, Any], asked: Requirements) -> dict[str, bool | None]:
    """Each constraint on one joined row, in plain Python: true, false, or None for unknown."""
    found: dict[str, bool | None] = {}
    for name, members in asked.sets.items():
        value = one[name]
        hit = any(fnmatchcase(value, one) for one in members) if value is not None else None
        found[name] = hit
    for name, wanted in asked.ranges.items():
        value = one[name]
        if wanted == Range():
            continue  # asks nothing
        if value is None:
            found[name] = None
            continue
        low = wanted.low is None or value >= wanted.low
        found[name] = low and (wanted.high is None or value <= wanted.high)
    for name, is_wanted in asked.flags.items():
        found[name] = None if one[name] is None else one[name] == is_wanted
    return found


def joined(offers: Rows, prices: Rows) -> list[dict[str, Any]]:
    """One row per price with what is known of its offer."""
    known = {(one["cloud"], one["instance_type"]): one for one in offers}
    return [
        {**known.get((one["cloud"], one["instance_type"]), {}), **one}
        for one in prices
    ]  # fmt: skip
