"""Plant waste that checks should find, and look-alikes that they should not.

`plant` names what is wrong with a resource; `saving_share` is how much of the cost of its
`saving_meter` (null = all meters) goes away when it is put right. Both end in the answer key only.
"""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from clouds.demo.fleet import Maker, retag
from clouds.demo.identity import json_object

HALF_EXISTS = ("db.m5.xlarge", "db.r5.xlarge", "GP_Gen5_4", "GP_Gen5_8", "db-custom-4-16384",
               "db-custom-8-32768")  # classes with another of half the size  # fmt: skip
IDLE_SHARES = {"office": 1 - 55 / 168, "weekly": 1 - 12 / 168}  # of the week, by pattern


class Picks:
    """Deals out rows so that none gets two roles."""

    def __init__(self, rng: np.random.Generator, frame: pl.DataFrame) -> None:
        self._rng = rng
        self._free = np.ones(len(frame), dtype=bool)
        self._frame = frame

    def take(
        self,
        share: float,
        where: pl.Expr | None = None,
        least: int = 1,
        rng: np.random.Generator | None = None,
    ) -> pl.Series:
        """A boolean column that is true on a share of the free rows that qualify.

        With a generator of its own, what is drawn later stays as it was without it.
        """
        able = self._free
        if where is not None:
            able = able & self._frame.select(where.fill_null(False)).to_series().to_numpy()
        rows = np.flatnonzero(able)
        count = min(len(rows), max(least, round(share * len(rows))))
        chosen = np.zeros(len(self._frame), dtype=bool)
        chosen[(rng or self._rng).choice(rows, count, replace=False)] = True
        self._free = self._free & ~chosen
        return pl.Series(chosen)

    def left(self, where: pl.Expr) -> pl.Series:
        """A boolean column that is true on all free rows that qualify; they stay free."""
        return pl.Series(self._free) & self._frame.select(where.fill_null(False)).to_series()


def _when(flag: pl.Series, value: Any, column: str) -> pl.Expr:
    return pl.when(flag).then(value).otherwise(pl.col(column)).alias(column)


def _days_ago(maker: Maker, low: int, high: int, count: int) -> pl.Expr:
    hours = pl.lit(pl.Series(maker.rng.integers(low * 24, high * 24, count)))
    return (pl.lit(maker.as_of) - pl.duration(hours=hours)).cast(pl.Datetime("us"))


def _waste(
    frame: pl.DataFrame, flag: pl.Series, name: str, share: pl.Expr | float, meter: str | None
) -> pl.DataFrame:
    value = share if isinstance(share, pl.Expr) else pl.lit(share)
    return frame.with_columns(
        _when(flag, pl.lit(name), "plant"),
        pl.when(flag).then(value).otherwise(pl.col("saving_share")).alias("saving_share"),
        _when(flag, pl.lit(meter, dtype=pl.String), "saving_meter"),
    )


def _blank(frame: pl.DataFrame) -> pl.DataFrame:
    nothing = [("plant", pl.String), ("saving_meter", pl.String), ("before_state", pl.String),
               ("since", pl.Datetime("us")), ("deleted_at", pl.Datetime("us"))]  # fmt: skip
    columns = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in nothing if name not in frame.columns
    ]
    return frame.with_columns(*columns, pl.lit(None, dtype=pl.Float64).alias("saving_share"))


def instances(maker: Maker, frame: pl.DataFrame, menu: pl.DataFrame) -> pl.DataFrame:
    """Idle, oversized, stopped, old and office-hours machines, and those that only look so."""
    frame = _blank(frame)
    rng, count = maker.rng, len(frame)
    usual = pl.col("pattern").is_in(["business", "always", "consumer", "nightly", "month_end"])
    picks = Picks(rng, frame)
    can_stop_free = pl.col("cloud").is_in(["aws", "gcp", "azure", "onprem"])
    billed = picks.take(0.09, pl.col("cloud") == "azure", 2)
    billed = billed | picks.take(0.09, pl.col("cloud") == "digitalocean", 2)
    long_stopped = picks.take(0.04, can_stop_free, 3)
    just_stopped = picks.take(0.015, can_stop_free)
    gone = picks.take(0.07, usual)
    idle = picks.take(0.06, pl.col("pattern") != "weekly", 3)
    standby = picks.take(0.015, pl.col("env") == "prod", 2)
    newborn = picks.take(0.015, None, 2)
    # A droplet can't move to a size with a smaller disk.
    shrinks = pl.col("down_sku").is_not_null() & (pl.col("cloud") != "digitalocean")
    roomy = picks.take(0.10, usual & shrinks, 3)
    # On Google Cloud the same family has sizes with more memory per vCPU, so there these would fit.
    memory_bound = picks.take(0.03, usual & (pl.col("cloud") != "gcp"), 1)
    silent = picks.take(0.02, usual & (pl.col("cloud") != "gcp"), 1)
    aging = picks.take(
        0.07,
        usual & pl.col("cloud").is_in(["aws", "azure"]) & pl.col("region").ne("germanywestcentral"),
        3,
    )
    rest = picks.take(1.0, pl.col("pattern") == "office", 0)
    rest = rest | picks.left(pl.col("pattern") == "weekly")
    rest = rest & (frame["cloud"] != "digitalocean")  # billed while it is off

    frame = _replace_with_old(rng, frame, aging, menu)
    quiet = idle | standby | newborn
    small = pl.Series(rng.uniform(0.24, 0.33, count) / 1.13)
    frame = frame.with_columns(
        pl.when(quiet).then(0.0).when(roomy | memory_bound | silent).then(pl.col("vcpus") * small)
        .otherwise(pl.col("demand_vcpus")).alias("demand_vcpus"),
        _when(quiet, 0.0, "net_peak"),
        _when(quiet, 0.0, "ops_peak"),
        pl.when(quiet).then(pl.col("memory_gib") * 0.12)
        .when(roomy).then(pl.col("memory_gib") * pl.Series(rng.uniform(0.23, 0.34, count)))
        .otherwise(pl.col("memory_used_gib")).alias("memory_used_gib"),
        (pl.col("agent") | roomy | memory_bound).and_(~silent).alias("agent"),
        _when(standby, retag('"role":"dr-standby"'), "tags"),
        _when(newborn, _days_ago(maker, 2, 10, count), "created_at"),
        pl.col("protected").and_(~(billed | long_stopped | idle)).alias("protected"),
    )  # fmt: skip
    frame = _stop(maker, frame, billed, "stopped_billed", 4, 90)
    frame = _stop(maker, frame, long_stopped, "stopped", 33, 200)
    frame = _stop(maker, frame, just_stopped, "stopped", 2, 12)
    ended = pl.col("created_at") + (pl.lit(maker.as_of) - pl.col("created_at")) * pl.Series(
        rng.uniform(0.2, 0.95, count)
    )
    frame = frame.with_columns(_when(gone, ended.cast(pl.Datetime("us")), "deleted_at"))
    changed = billed | long_stopped | just_stopped | gone | newborn | aging
    frame = frame.with_columns(
        _when(changed, pl.lit(None, dtype=pl.String), "before_sku"),
        _when(changed, pl.lit(None, dtype=pl.Datetime("us")), "resized_at"),
    )
    frame = _waste(frame, idle, "idle_instance", 1.0, "compute")
    frame = _waste(
        frame, roomy, "oversized_instance", 1 - pl.col("down_price") / pl.col("price"), "compute"
    )
    frame = _waste(frame, billed, "stopped_but_billed_instance", 1.0, "compute")
    frame = _waste(frame, long_stopped, "stopped_too_long", 1.0, None)
    older = aging & (frame["next_price"] < frame["price"]).fill_null(False)
    frame = _waste(
        frame, older, "previous_generation", 1 - pl.col("next_price") / pl.col("price"), "compute"
    )
    idle_share = pl.col("pattern").replace_strict(IDLE_SHARES, default=None)
    return _waste(frame, rest, "off_hours", idle_share, "compute")


def _replace_with_old(
    rng: np.random.Generator, frame: pl.DataFrame, aging: pl.Series, menu: pl.DataFrame
) -> pl.DataFrame:
    """Give the chosen machines a type of an older generation that costs more than its successor."""
    old = menu.filter((pl.col("next_price") < pl.col("price")) & (pl.col("vcpus") <= 8))
    per_region = old.group_by("cloud", "region", maintain_order=True).agg(
        pl.struct("sku", "vcpus", "memory_gib", "price", "next_sku", "next_price").alias("choices")
    )
    draw = pl.Series("old_draw", rng.integers(0, 1 << 30, len(frame)))
    joined = frame.with_columns(draw).join(
        per_region, on=["cloud", "region"], how="left", maintain_order="left"
    )
    pick = pl.col("choices").list.get(
        pl.col("old_draw") % pl.col("choices").list.len(), null_on_oob=True
    )
    chosen = joined.select(pick.alias("pick"))["pick"].struct.unnest()
    share = (frame["demand_vcpus"] / frame["vcpus"]).rename("cpu_share")
    filled = (frame["memory_used_gib"] / frame["memory_gib"]).rename("memory_share")
    columns = ("sku", "vcpus", "memory_gib", "price", "next_sku", "next_price")
    frame = frame.with_columns(
        pl.when(aging).then(chosen[name]).otherwise(pl.col(name)).alias(name) for name in columns
    )
    return frame.with_columns(
        (pl.col("vcpus") * share).alias("demand_vcpus"),
        (pl.col("memory_gib") * filled).alias("memory_used_gib"),
    )


def _stop(
    maker: Maker, frame: pl.DataFrame, flag: pl.Series, state: str, low: int, high: int
) -> pl.DataFrame:
    when = pl.max_horizontal(
        _days_ago(maker, low, high, len(frame)),
        pl.col("created_at") + pl.duration(hours=24),
    )
    return frame.with_columns(
        _when(flag, pl.col("state"), "before_state"),
        _when(flag, pl.lit(state), "state"),
        _when(flag, when, "since"),
    )


def disks(maker: Maker, frame: pl.DataFrame, stopped: pl.Series) -> pl.DataFrame:
    """Unattached disks, disks of machines stopped long ago, old types, unused fast disks."""
    frame = _blank(frame)
    rng, count = maker.rng, len(frame)
    picks = Picks(rng, frame)
    data = (pl.col("config").str.contains('"boot":"false"')) & pl.col("deleted_at").is_null()
    on_stopped = picks.take(1.0, pl.col("attached_to").is_in(stopped.implode()), 0)
    settled = pl.col("created_at") < pl.lit(maker.as_of) - pl.duration(days=60)
    loose = picks.take(0.22, data & settled, 3)
    just_loose = picks.take(0.04, data & settled, 2)
    old_type = picks.take(0.10, (pl.col("sku") == "gp3") & pl.col("deleted_at").is_null(), 3)
    lazy = picks.take(0.18, data & pl.col("sku").is_in(["Premium_LRS", "pd-ssd"]), 2)
    frame = _detach(maker, frame, loose, 32, 220)
    frame = _detach(maker, frame, just_loose, 1, 6)
    cheap = {"Premium_LRS": 1 - 0.075 / 0.143, "pd-ssd": 1 - 0.10 / 0.17}
    idle_share = pl.col("sku").replace_strict(cheap, default=None, return_dtype=pl.Float64)
    frame = frame.with_columns(
        _when(old_type, pl.lit("gp2"), "sku"),
        _when(lazy, 0.0, "ops_peak"),
        pl.when(lazy).then(pl.lit(0.4)).otherwise(pl.col("ops_base")).alias("ops_base"),
    )
    frame = _waste(frame, loose, "unattached_disk", 1.0, None)
    left = on_stopped & frame.select(data).to_series()  # a system disk goes with its machine
    frame = _waste(frame, left, "volume_on_stopped_instance", 1.0, None)
    frame = _waste(frame, old_type, "gp2_volume", 0.2, "storage")
    assert count == len(frame)
    return _waste(frame, lazy, "premium_disk_unused", idle_share, "storage")


def _detach(
    maker: Maker, frame: pl.DataFrame, flag: pl.Series, low: int, high: int
) -> pl.DataFrame:
    when = pl.max_horizontal(
        _days_ago(maker, low, high, len(frame)), pl.col("created_at") + pl.duration(hours=24)
    )
    return frame.with_columns(
        _when(flag, pl.col("state"), "before_state"),
        _when(flag, pl.lit("available"), "state"),
        _when(flag, when, "since"),
        _when(flag, pl.lit(None, dtype=pl.String), "attached_to"),
    )


def snapshots(maker: Maker, frame: pl.DataFrame) -> pl.DataFrame:
    """Old and orphaned restore points; the newest of each disk and legal holds are kept."""
    frame = _blank(frame)
    count = len(frame)
    picks = Picks(maker.rng, frame)
    costly = picks.take(0.2, pl.col("cloud") == "azure", 1)
    newest = pl.col("created_at") == pl.col("created_at").max().over("source_id")
    early = pl.col("from") < pl.lit(maker.as_of) - pl.duration(days=300)
    alone = early & (pl.len().over("source_id") == 1)
    lone = picks.take(1.0, alone, 0)  # old, but the only restore point there is
    stale = picks.take(0.22, ~newest & early, 3)
    held = picks.take(0.03, early & ~newest, 0)
    orphan = picks.take(0.08, early & ~newest, 2)
    ages = _days_ago(maker, 95, 290, count)
    frame = frame.with_columns(
        _when(stale | orphan | held | lone, ages, "created_at"),
        _when(held, retag('"retain":"legal-hold"'), "tags"),
        pl.when(orphan).then(json_object({"source": pl.format("{}-deleted", "source_id")}))
        .otherwise(pl.col("config")).alias("config"),
        _when(costly, pl.lit("Premium_LRS"), "sku"),
    )  # fmt: skip
    frame = _waste(frame, stale, "old_snapshot", 1.0, None)
    frame = _waste(frame, orphan, "orphan_snapshot", 1.0, None)
    return _waste(frame, costly, "snapshot_on_premium_storage", 1 - 0.05 / 0.132, None)


def addresses(maker: Maker, frame: pl.DataFrame, stopped: pl.Series) -> pl.DataFrame:
    """Addresses that nothing uses, some let go only yesterday, and some of `stopped` machines."""
    frame = _blank(frame)
    picks = Picks(maker.rng, frame)
    settled = pl.col("created_at") < pl.lit(maker.as_of) - pl.duration(days=30)
    loose = picks.take(0.16, settled, 3)
    fresh = picks.take(0.04, None, 1)
    frame = _detach(maker, frame, loose, 10, 200)
    frame = _detach(maker, frame, fresh, 0, 4)
    kept = frame["attached_to"].is_in(stopped.implode()).fill_null(False)
    frame = _waste(frame, kept, "address_on_stopped_instance", 1.0, None)
    return _waste(frame, loose, "unattached_address", 1.0, None)


def databases(maker: Maker, frame: pl.DataFrame) -> pl.DataFrame:
    """Databases nobody connects to, doubled ones outside production, and far too large ones."""
    frame = _blank(frame)
    own, count = maker.rng.spawn(1)[0], len(frame)
    picks = Picks(maker.rng, frame)
    idle = picks.take(0.08, None, 2)
    double = picks.take(
        0.25, (pl.col("env") != "prod") & pl.col("cloud").is_in(["aws", "azure", "gcp"]), 1
    )
    halves = pl.col("sku").is_in(HALF_EXISTS)
    roomy = picks.take(0.12, halves, 2, own)
    # Its memory is what keeps it from a smaller class.
    full = picks.take(0.05, halves, 1, own)
    small = pl.Series(own.uniform(0.24, 0.33, count) / 1.13)
    frame = frame.with_columns(
        pl.when(idle).then(0.0).when(roomy | full).then(pl.col("vcpus") * small)
        .otherwise(pl.col("demand_vcpus")).alias("demand_vcpus"),
        pl.when(roomy).then(pl.col("memory_gib") * pl.Series(own.uniform(0.23, 0.34, count)))
        .otherwise(pl.col("memory_used_gib")).alias("memory_used_gib"),
        _when(idle, 0.0, "connections"),
        _when(idle, 0.0, "ops_peak"),
        _when(double, 2.0, "units"),
    )  # fmt: skip
    frame = _waste(frame, idle, "idle_database", 1.0, "instance")
    frame = _waste(frame, roomy, "oversized_database", 0.5, "instance")
    frame = _waste(frame, double, "multi_az_outside_production", 0.5, "instance")
    has_zones = pl.col("cloud") != "digitalocean"  # there the second node is in the same place
    doubled = (pl.col("units") > 1) & has_zones
    config = json_object({
        "engine": pl.col("engine"),
        "multi_az": pl.when(doubled).then(pl.lit("true")).otherwise(pl.lit("false")),
        "nodes": pl.when(~has_zones).then(pl.col("units").cast(pl.Int64)),
    })  # fmt: skip
    return frame.with_columns(config.alias("config"))


def simple(maker: Maker, frame: pl.DataFrame, kind: str, as_of: datetime) -> pl.DataFrame:
    """Load balancers without targets, gateways without traffic, stores without rules."""
    frame = _blank(frame)
    rng, count = maker.rng, len(frame)
    picks = Picks(rng, frame)
    match kind:
        case "load_balancer":
            empty = picks.take(0.12, None, 2)
            # It has targets, but nobody asks it for anything.
            silent = picks.take(
                0.06, pl.col("cloud").is_in(["aws", "azure"]), 1, maker.rng.spawn(1)[0]
            )
            targets = pl.when(empty).then(0).otherwise(pl.Series(rng.integers(2, 7, count)))
            frame = frame.with_columns(
                json_object({"targets": targets}).alias("config"),
                _when(empty | silent, 0.0, "usage"),
                _when(empty | silent, 0.0, "net_peak"),
            )
            frame = _waste(frame, silent, "silent_load_balancer", 1.0, None)
            return _waste(frame, empty, "idle_load_balancer", 1.0, None)
        case "nat_gateway":
            unused = picks.take(0.15, None, 1)
            routes = pl.when(unused).then(0).otherwise(pl.Series(rng.integers(1, 5, count)))
            frame = frame.with_columns(
                json_object({"routes": routes}).alias("config"),
                _when(unused, 0.0, "usage"),
                _when(unused, 0.0, "net_peak"),
            )
            return _waste(frame, unused, "unused_nat_gateway", 1.0, None)
        case "bucket":
            bare = picks.take(0.2, pl.col("cloud") != "digitalocean", 2)
            tiny = picks.take(0.04, pl.col("cloud") != "digitalocean", 1)
            rule = pl.when(bare | tiny).then(pl.lit("none")).otherwise(pl.lit("tier-and-expire"))
            frame = frame.with_columns(
                json_object({"lifecycle": rule}).alias("config"), _when(tiny, 0.4, "size_gib")
            )
            return _waste(frame, bare, "bucket_without_lifecycle", 0.3, "storage")
        case "log_group":
            endless = picks.take(0.25, None, 2)
            days = pl.when(~endless).then(pl.Series(rng.choice([14, 30, 60, 90], count)))
            frame = frame.with_columns(json_object({"retention_days": days}).alias("config"))
            return _waste(frame, endless, "log_group_without_retention", 0.7, "storage")
        case "function":
            memory = pl.Series(rng.choice([256, 512, 1024, 2048], count))
            return frame.with_columns(
                json_object({"memory_mib": pl.lit(memory)}).alias("config"),
                memory.cast(pl.String).alias("sku"),
            )
        case _:
            return frame
