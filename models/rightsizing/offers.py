"""Which offer carries a machine's load, from the quantiles of its hourly maxima."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.known import Floats

QUANTILES = {"p50_max": 0.50, "p95_max": 0.95, "p97_max": 0.97, "p99_max": 0.99, "max": 1.0}
NOW_COLUMNS = ("vcpus", "memory_gib", "gpu_count", "local_storage_gb", "price_hour")
PLACE = ("cloud", "region", "currency", "arch")


@dataclass(frozen=True)
class Headroom:
    """How full the new size may be."""

    cpu_percent: float = 80.0  # of the new size at the p99 of hourly maxima
    memory_percent: float = 80.0  # of the new size at the highest memory use


def choose_sizes(
    machines: pl.DataFrame, offers: pl.DataFrame, headroom: Headroom | None = None
) -> pl.DataFrame:
    """The cheapest offer that carries each machine; machines that none is cheaper for are left out.

    `machines`: cloud, region, currency, arch, resource_id, instance_type, vcpus, memory_gib,
    gpu_count, local_storage_gb, price_hour; CPU percent as p50_max, p95_max, p97_max, p99_max, max
    of the hourly maxima; memory_max in percent, null where nobody measured it: memory is then not
    reduced. `offers`: cloud, region, currency, arch, instance_type and the NOW_COLUMNS. GPUs and
    local disks are never lost. Out: cloud, resource_id, before, after, price_hour_before,
    price_hour_after, overload_probability (share of hours whose peak is beyond the new size).
    """
    room = headroom or Headroom()
    new = {c: pl.col(f"{c}_new") for c in NOW_COLUMNS}
    old = {c: pl.col(c) for c in NOW_COLUMNS}
    cpu_fits = pl.col("p99_max") * old["vcpus"] <= room.cpu_percent * new["vcpus"]
    memory_used = pl.col("memory_max") * old["memory_gib"]
    memory_fits = (
        pl.when(pl.col("memory_max").is_null())
        .then(new["memory_gib"] >= old["memory_gib"])
        .otherwise(memory_used <= room.memory_percent * new["memory_gib"])
    )
    keeps = (new["gpu_count"].fill_null(0) == old["gpu_count"].fill_null(0)) & (
        new["local_storage_gb"].fill_null(0) >= old["local_storage_gb"].fill_null(0)
    )
    renamed = offers.select(
        *PLACE,
        pl.col("instance_type").alias("after"),
        *[pl.col(c).alias(f"{c}_new") for c in NOW_COLUMNS],
    )
    fitting = (
        machines.lazy()
        .join(renamed.lazy(), on=PLACE)
        .filter(cpu_fits & memory_fits & keeps & (new["price_hour"] < old["price_hour"]))
        .sort("price_hour_new", "after")
        .unique(["cloud", "resource_id"], keep="first", maintain_order=True)
        .collect()
    )
    limit = 100 * fitting["vcpus_new"].cast(pl.Float64) / fitting["vcpus"].cast(pl.Float64)
    beyond = overload_probability(fitting, limit.to_numpy())
    return fitting.select(
        "cloud",
        "resource_id",
        pl.col("instance_type").alias("before"),
        "after",
        pl.col("price_hour").alias("price_hour_before"),
        pl.col("price_hour_new").alias("price_hour_after"),
        pl.Series("overload_probability", beyond),
    ).sort("cloud", "resource_id")


def overload_probability(quantiles: pl.DataFrame, limit: Floats) -> Floats:
    """Share of hours whose maximum is above `limit`, between the known quantiles in proportion.

    Never zero: even beyond the highest hour measured there is the chance of a higher one, taken as
    one in the hours of a month.
    """
    points = [np.zeros(quantiles.height), *(quantiles[c].to_numpy() for c in QUANTILES)]
    levels = [0.0, *QUANTILES.values()]
    below = np.zeros(quantiles.height)
    for (low, left), (high, right) in zip(
        zip(points, levels, strict=True),
        zip(points[1:], levels[1:], strict=True),
        strict=False,
    ):
        width = np.where(high > low, high - low, 1.0)
        share = np.where(high > low, np.clip((limit - low) / width, 0, 1), limit >= high)
        below = np.where(limit >= low, left + share * (right - left), below)
    return np.maximum(1 - below, 1 / 730)
