"""Make the whole company from one seed: accounts, workloads, resources, spans, commitments."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from clouds.demo import anomalies, commitments, company, fleet, plant
from clouds.demo.fleet import SHARES, Maker, complete
from clouds.demo.menu import menu


@dataclass(frozen=True)
class World:
    """Everything that is decided when the estate is made."""

    workloads: pl.DataFrame
    resources: pl.DataFrame
    spans: pl.DataFrame
    commitments: pl.DataFrame
    effects: pl.DataFrame
    anomalies: pl.DataFrame  # answer key of the planted anomalies, without their impact
    plants: pl.DataFrame  # answer key of the planted waste, without its saving


def make(seed: int, resources: int, first_day: datetime, as_of: datetime) -> World:
    """Draw the company; the same arguments give the same company."""
    rng = np.random.default_rng([seed, 0])
    workloads = company.workloads(rng, resources, first_day, as_of)
    maker = Maker(rng, workloads, as_of)
    everything = _resources(maker, resources)
    committed, everything = commitments.make(everything, workloads, as_of)
    effects, key = anomalies.make(everything, workloads, first_day, as_of)
    plants = _plants(everything)
    drop = ["plant", "saving_share", "saving_meter", "before_sku", "resized_at", "before_state",
            "since", "state", "sku", "size_gib", "attached_to"]  # fmt: skip
    return World(
        workloads=workloads,
        resources=everything.drop(drop),
        spans=_spans(everything),
        commitments=committed,
        effects=effects,
        anomalies=key,
        plants=plants,
    )


def _resources(maker: Maker, total: int) -> pl.DataFrame:
    count = {kind: max(2, round(share * total)) for kind, share in SHARES.items()}
    machines = plant.instances(
        maker, fleet.instances(maker, round(count["instance"] * 1.07)), menu()
    )
    machines = fleet.describe_instances(machines)
    both = [
        fleet.boot_disks(maker, machines),
        fleet.data_disks(maker, machines, count["data_disk"]),
    ]
    stopped = machines.filter(pl.col("plant") == "stopped_too_long")["resource_id"]
    disks = plant.disks(maker, pl.concat(both, how="diagonal"), stopped)
    parts = [
        machines,
        disks,
        plant.addresses(maker, fleet.addresses(maker, machines, count["address"]), stopped),
        plant.databases(maker, fleet.databases(maker, count["database"])),
    ]
    for kind in (
        "load_balancer",
        "bucket",
        "nat_gateway",
        "log_group",
        "function",
        "cluster",
        "image",
    ):
        made = fleet.simple(maker, kind, count[kind])
        parts.append(plant.simple(maker, made, kind, maker.as_of))
    alive = sum(part.filter(pl.col("deleted_at").is_null()).height for part in parts)
    restore = fleet.snapshots(maker, disks, max(12, total - alive))
    parts.append(plant.snapshots(maker, restore))
    parts.append(fleet.simple(maker, "ml_endpoint", max(2, total // 700)))
    parts.append(fleet.simple(maker, "saas", max(2, total // 500)))
    return pl.concat([complete(part) for part in parts]).sort("resource_id")


def _plants(everything: pl.DataFrame) -> pl.DataFrame:
    """What is wrong with which resource, and whose cost goes away when it is put right.

    A machine that was stopped long ago costs through its system disk, which goes with it; its other
    disks and its addresses are waste of their own.
    """
    planted = everything.filter(pl.col("plant").is_not_null()).select(
        "resource_id", "plant", "saving_share", "saving_meter", pl.col("resource_id").alias("pays")
    )
    boots = pl.col("config").str.contains('"boot":"true"')
    kept = everything.filter(pl.col("attached_to").is_not_null() & boots).select(
        pl.col("attached_to").alias("resource_id"), pl.col("resource_id").alias("held")
    )
    stopped = pl.col("plant") == "stopped_too_long"
    through = (
        planted.filter(stopped).drop("pays").join(kept.rename({"held": "pays"}), on="resource_id")
    )
    return pl.concat([planted.filter(~stopped), through]).sort("plant", "resource_id", "pays")


def _spans(everything: pl.DataFrame) -> pl.DataFrame:
    """How each resource looked over time: its life, cut where its state or size changed."""
    look = ["resource_id", "state", "sku", "size_gib", "attached_to"]
    cut = pl.coalesce("since", "resized_at")
    now = everything.select(
        *look,
        pl.coalesce(cut, "created_at").alias("starts_at"),
        pl.col("deleted_at").alias("ends_at"),
    )
    before = everything.filter(cut.is_not_null() & (cut > pl.col("created_at"))).select(
        "resource_id",
        pl.coalesce("before_state", "state").alias("state"),
        pl.coalesce("before_sku", "sku").alias("sku"),
        "size_gib",
        "attached_to",
        pl.col("created_at").alias("starts_at"),
        cut.alias("ends_at"),
    )
    both = pl.concat([before, now]).with_columns(pl.lit(None, dtype=pl.String).alias("schedule"))
    return both.filter(
        pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at"))
    ).sort("resource_id", "starts_at")


def first_day_of(as_of: datetime, months: int) -> datetime:
    """First day of the first billed month; the month of `as_of` is the last one."""
    index = as_of.year * 12 + as_of.month - months
    return datetime(index // 12, index % 12 + 1, 1)


def midnight(moment: datetime) -> datetime:
    """The start of its day, without a time zone."""
    naive = moment.replace(tzinfo=None)
    return naive - timedelta(
        hours=naive.hour, minutes=naive.minute, seconds=naive.second, microseconds=naive.microsecond
    )
