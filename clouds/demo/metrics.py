"""Hourly measurements of one day: load drives processors, memory, network, disks, connections."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from clouds.cloud import METRIC_SCHEMA
from clouds.demo.fleet import DATABASE_CLASSES
from clouds.demo.menu import offers
from clouds.demo.state import State
from clouds.demo.workload import Load

Array = npt.NDArray[np.float64]
FOLDER = "metrics"
MEASURED = ("instance", "database", "disk", "load_balancer", "nat_gateway")
WITHOUT = 'boot":"true'  # system disks are measured through their machine
SAMPLES = 12  # one every five minutes
CHUNK_ROWS = 1_000_000


class Meter:
    """Measures what runs on a day; the same day always gives the same numbers."""

    def __init__(self, state: State) -> None:
        meta = state.meta()
        self._seed = int(meta["seed"])
        workloads = state.table("workload").sort("workload")
        self._load = Load(workloads, self._seed, datetime.fromisoformat(meta["made_at"]))
        homes = workloads.select("workload", "cloud", "account", "region")
        resources = state.table("resource").filter(
            pl.col("kind").is_in(MEASURED) & ~pl.col("config").str.contains(WITHOUT, literal=True)
        )
        self._resources = resources.join(homes, on="workload").sort("resource_id")
        spans = state.table("span").join(
            self._resources.select("resource_id", "kind"), on="resource_id"
        )
        runs = pl.col("state").is_in(["running", "available", "in_use", "active"])
        unused = (pl.col("kind") == "disk") & (pl.col("state") == "available")
        self._spans = spans.filter(runs & ~unused)
        self._sizes = _sizes(state)

    def day(self, day: date) -> pl.DataFrame:
        """All measurements of one UTC day."""
        start = datetime(day.year, day.month, day.day)
        here = self._spans.filter(
            (pl.col("starts_at") < start + timedelta(days=1))
            & (pl.col("ends_at").is_null() | (pl.col("ends_at") > start))
        )
        frame = (
            here.drop("kind")
            .join(self._resources, on="resource_id")
            .sort("resource_id", "starts_at")
        )
        frame = frame.join(self._sizes, on="sku", how="left", maintain_order="left")
        if frame.is_empty():
            return pl.DataFrame(schema=METRIC_SCHEMA)
        noise = np.random.Generator(np.random.Philox(key=[self._seed + 1, day.toordinal()]))
        busy = self._load.hours(day)[:, frame["workload"].to_numpy()]
        on = _hours_on(frame, start)
        parts = [
            _long(frame, start, metric, on & has, mean, peak)
            for metric, has, mean, peak in _values(frame, busy, noise)
        ]
        return pl.concat(parts)


def _values(
    frame: pl.DataFrame, busy: Array, noise: np.random.Generator
) -> Iterator[tuple[str, npt.NDArray[np.bool_], Array, Array]]:
    """Each metric: its name, who has it, its hourly mean and maximum (hour x resource)."""
    kind = frame["kind"].to_numpy()
    machine = (kind == "instance") | (kind == "database")
    vcpus = frame["real_vcpus"].fill_null(frame["vcpus"]).fill_null(1.0).to_numpy()
    memory = frame["real_memory"].fill_null(frame["memory_gib"]).fill_null(1.0).to_numpy()
    used = frame["memory_used_gib"].fill_null(0.0).to_numpy()
    shape = busy.shape
    burst = 1.10 + 0.06 * noise.random(shape)
    cpu = 100 * frame["demand_vcpus"].to_numpy() / vcpus * busy + frame["base_cpu"].to_numpy()
    yield "cpu_percent", machine, np.minimum(cpu, 100), np.minimum(cpu * burst, 100)
    filled = 100 * used / memory * (0.86 + 0.12 * np.minimum(busy, 1.1))
    filled = filled + noise.normal(0, 0.4, shape)
    has_agent = machine & frame["agent"].to_numpy()
    yield "memory_percent", has_agent, np.clip(filled, 0.5, 99), np.clip(filled * 1.02, 0.5, 100)
    lively = 1 + 0.25 * noise.random(shape)
    net = frame["net_peak"].to_numpy() * busy + frame["net_base"].to_numpy()
    networked = (kind == "instance") | (kind == "load_balancer") | (kind == "nat_gateway")
    yield "network_bytes_s", networked, net, net * lively
    ops = frame["ops_peak"].to_numpy() * busy + frame["ops_base"].to_numpy()
    yield "disk_ops_s", machine | (kind == "disk"), ops, ops * lively
    connected = frame["connections"].to_numpy() * busy
    yield "connections", kind == "database", np.floor(connected), np.floor(connected * lively)


def _hours_on(frame: pl.DataFrame, start: datetime) -> npt.NDArray[np.bool_]:
    """Which whole hours of the day the span covers (hour x resource)."""
    first = (frame["starts_at"] - start).dt.total_minutes().to_numpy() / 60
    ends = frame["ends_at"].fill_null(start + timedelta(days=2))
    last = (ends - start).dt.total_minutes().to_numpy() / 60
    hour = np.arange(24)[:, None]
    return (hour >= first[None, :]) & (hour + 1 <= last[None, :])


def _long(
    frame: pl.DataFrame, start: datetime, metric: str, has: npt.NDArray[np.bool_], mean: Array,
    peak: Array,
) -> pl.DataFrame:  # fmt: skip
    column, hour = np.nonzero(has.T)
    middle = mean[hour, column]
    top = peak[hour, column]
    spread = top - middle
    hours = np.datetime64(start, "us") + hour * np.timedelta64(3600 * 10**6, "us")
    who = frame.select("cloud", "account", "region", "resource_id")[column]
    data: dict[str, Any] = {
        "metric": np.full(len(hour), metric), "hour": hours, "avg": np.round(middle, 3),
        "max": np.round(top, 3), "p95": np.round(middle + 0.8 * spread, 3),
        "p99": np.round(middle + 0.95 * spread, 3), "samples": np.full(len(hour), SAMPLES),
    }  # fmt: skip
    return who.hstack(pl.DataFrame(data)).select(
        pl.col(name).cast(kind) for name, kind in METRIC_SCHEMA.items()
    )


def _sizes(state: State) -> pl.DataFrame:
    """What each instance type really has: a machine that was resized has it from then on."""
    used = state.table("span").select("sku").unique()
    databases = pl.DataFrame(
        [row for classes in DATABASE_CLASSES.values() for row in classes],
        schema={"sku": pl.String, "real_vcpus": pl.Float64, "real_memory": pl.Float64},
        orient="row",
    )
    machines = offers().select(
        pl.col("instance_type").alias("sku"), pl.col("vcpus").alias("real_vcpus"),
        pl.col("memory_gib").alias("real_memory"),
    )  # fmt: skip
    return (
        pl.concat([machines, databases])
        .drop_nulls()
        .join(used, on="sku", how="semi")
        .unique("sku", keep="first", maintain_order=True)
    )


def write(state: State, first: datetime, until: datetime) -> int:
    """Measure the days in [first, until) into one Parquet file each; returns the rows."""
    meter = Meter(state)
    folder = state.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    rows = 0
    for offset in range((until - first).days):
        day = (first + timedelta(days=offset)).date()
        frame = meter.day(day)
        partial = folder / f".{day}.partial"
        frame.write_parquet(partial, compression="zstd", compression_level=1)
        partial.replace(_file(state.folder, day))
        rows += len(frame)
    return rows


def read(folder: Path, since: datetime, until: datetime) -> Iterator[pl.DataFrame]:
    """The measurements in [since, until), in chunks of whole days."""
    waiting: list[pl.DataFrame] = []
    day = since.date()
    while datetime(day.year, day.month, day.day) < until:
        file = _file(folder, day)
        day += timedelta(days=1)
        if not file.exists():
            continue
        frame = pl.read_parquet(file)
        waiting.append(frame.filter((pl.col("hour") >= since) & (pl.col("hour") < until)))
        if sum(len(each) for each in waiting) >= CHUNK_ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _file(folder: Path, day: date) -> Path:
    return folder / FOLDER / f"{day}.parquet"
