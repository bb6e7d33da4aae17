"""The same estate read through each cloud's emulator gives the rows that the demo cloud says."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from contract import HERE, module_at
from golden import Difference, Load, Row, differences, excused, rows_of, sample

from clouds.cloud import WANTED_SCHEMA
from clouds.demo import connect, estate
from clouds.demo.fleet import HIDDEN_KINDS, OFFERED

CLOUDS = ("aws", "azure", "digitalocean", "gcp", "onprem")
AS_OF = datetime(2026, 3, 20)
HOUR = AS_OF - timedelta(hours=4)
PERCENTS = (20.0, 35.0, 10.0, 60.0, 25.0, 30.0)
SEED, RESOURCES = 18, 900  # with which every cloud has every kind, off and on, used and unused


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """What the demo cloud says there is."""
    folder = tmp_path_factory.mktemp("demo")
    estate.create(folder, seed=SEED, resources=RESOURCES, months=1, as_of=AS_OF)
    return connect(str(folder)).inventory().rows


def said_of(demo: pl.DataFrame, cloud: str) -> list[Row]:
    """A sample of every kind in every state, whole with what belongs to it."""
    rows = sample(rows_of(demo.filter(pl.col("cloud") == cloud)))
    offered = {kind for kind, clouds in OFFERED.items() if cloud in clouds} - set(HIDDEN_KINDS)
    assert {row["kind"] for row in rows} == {"instance", "disk", "snapshot", *offered}
    off = "stopped_billed" if cloud == "digitalocean" else "stopped"
    assert {("instance", off), ("disk", "available")} <= {(r["kind"], r["state"]) for r in rows}
    return rows


def test_every_cloud_that_the_demo_simulates_is_compared(demo: pl.DataFrame) -> None:
    assert set(demo["cloud"]) == set(CLOUDS)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_same_estate_comes_out_as_the_demo_says(
    cloud: str, demo: pl.DataFrame, tmp_path: Path
) -> None:
    module = module_at(HERE / cloud / "golden_estate.py")
    said = said_of(demo, cloud)
    machine = next(row for row in said if row["kind"] == "instance" and row["state"] == "running")
    load = Load(machine["name"], HOUR, PERCENTS)
    with module.holding(said, load, tmp_path) as connected:
        reading = connected.inventory()
        assert list(reading.failed) == []
        measured = hour_of(connected, reading.rows, load)
    found = rows_of(reading.rows)
    assert {row["cloud"] for row in found} == {cloud}
    states = {(row["kind"], row["name"]): row["state"] for row in said}
    wrong: list[Difference] = []
    needed: list[Any] = []
    for each in differences(said, found):
        reasons = excused(each, states[each.kind, each.name], module.UNSAID)
        needed += reasons
        if not reasons:
            wrong.append(each)
    assert wrong == []
    assert [each for each in module.UNSAID if each not in needed] == [], "these do come out"
    assert measured == (load.hour, sum(PERCENTS) / len(PERCENTS), max(PERCENTS))


def hour_of(connected: Any, rows: pl.DataFrame, load: Load) -> tuple[Any, ...]:
    """Hour, average and highest of the load as it was measured."""
    one = rows.filter(pl.col("name") == load.name).with_columns(
        since=pl.lit(load.hour - timedelta(hours=1), pl.Datetime("us"))
    )
    wanted = one.select(pl.col(name).cast(kind) for name, kind in WANTED_SCHEMA.items())
    chunks = list(connected.metrics(wanted, load.hour + timedelta(hours=1)))
    assert [failure for chunk in chunks for failure in chunk.failed] == []
    found = pl.concat([chunk.rows for chunk in chunks])
    percent = found.filter(pl.col("metric").is_in(["cpu_percent", "memory_percent"]))
    [row] = percent.select("hour", "avg", "max").rows()
    return row[0], pytest.approx(row[1]), pytest.approx(row[2])
