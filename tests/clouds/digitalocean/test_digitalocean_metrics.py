from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from digitalocean_fake import ACCOUNT, Fake, Series

from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA, Failure
from clouds.digitalocean.connection import DigitalOcean

pytestmark = pytest.mark.contract

UNTIL = datetime(2026, 11, 20, 8)
STEP = 120  # seconds between samples
GIB = 2**30


def wanted(hours: int = 2, *, droplets: int = 1, **changed: Any) -> pl.DataFrame:
    row = {"cloud": "digitalocean", "account": ACCOUNT, "region": "nyc3", "kind": "instance",
           "sku": "s-2vcpu-4gb", "since": UNTIL - timedelta(hours=hours), **changed}  # fmt: skip
    rows = [{"resource_id": str(3164444 + number), **row} for number in range(droplets)]
    return pl.DataFrame(rows, schema=dict(WANTED_SCHEMA))


def times(query: Mapping[str, str], step: int = STEP) -> list[int]:
    """When the monitoring took samples between start and end."""
    start, end = int(query["start"]), int(query["end"])
    return list(range(start - start % step, end + 1, step))


def read(cloud: DigitalOcean, asked: pl.DataFrame) -> tuple[pl.DataFrame, list[Failure]]:
    chunks = list(cloud.metrics(asked, UNTIL))
    rows = pl.concat(chunk.rows for chunk in chunks).sort("resource_id", "metric", "hour")
    return rows, [failure for chunk in chunks for failure in chunk.failed]


def busy(share: float) -> Any:
    """CPU counters of a droplet that works for this share of the time."""

    def series(query: Mapping[str, str]) -> Series:
        modes = {"idle": 0.9 - share, "iowait": 0.1, "user": share / 2, "system": share / 2}
        return [
            ({"mode": mode}, [(at, at % 10_000_000 * part) for at in times(query)])
            for mode, part in modes.items()
        ]

    return series


def constant(value: float, step: int = STEP, **labels: str) -> Any:
    return lambda query: [(labels, [(at, value) for at in times(query, step)])]


def test_all_metrics_come_by_the_hour_in_our_units(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.samples = {
        "cpu": busy(0.25),
        "memory_total": constant(4 * GIB),
        "memory_available": constant(1 * GIB),
        "bandwidth": constant(0.8),  # megabits per second, in each of the four directions
        "filesystem_size": constant(100 * GIB, device="/dev/vda1"),
        "filesystem_free": constant(40 * GIB, device="/dev/vda1"),
    }
    rows, failed = read(digitalocean, wanted(2))
    assert failed == []
    assert dict(rows.schema) == dict(METRIC_SCHEMA)
    rounded = [(*row[:5], *(round(value, 6) for value in row[5:9]), row[9]) for row in rows.select(
        "account", "region", "resource_id", "metric", "hour", "avg", "max", "p95", "p99", "samples"
    ).rows()]  # fmt: skip
    first, second = UNTIL - timedelta(hours=2), UNTIL - timedelta(hours=1)
    assert rounded == [
        (ACCOUNT, "nyc3", "3164444", metric, hour, *[value] * 4, 30)
        for metric, value in (
            ("cpu_percent", 25.0), ("disk_percent", 60.0), ("memory_percent", 75.0),
            ("network_bytes_s", 400_000.0),
        )
        for hour in (first, second)
    ]  # fmt: skip


def test_percentiles_are_those_of_the_samples(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.samples["memory_total"] = constant(100)
    fake.samples["memory_available"] = lambda query: [
        ({}, [(at, 100 - at // STEP % 30) for at in times(query)])
    ]
    rows, _ = read(digitalocean, wanted(1))
    [row] = rows.select("avg", "max", "p95", "p99", "samples").rows()
    assert row == pytest.approx((14.5, 29, 27.55, 28.71, 30))


def test_hours_without_samples_have_no_row(fake: Fake, digitalocean: DigitalOcean) -> None:
    def with_a_gap(query: Mapping[str, str]) -> Series:
        gap = UNTIL - timedelta(hours=3)
        begins = int(gap.replace(tzinfo=UTC).timestamp())
        [(labels, points)] = constant(50.0)(query)
        return [(labels, [point for point in points if not begins <= point[0] < begins + 7200])]

    fake.samples |= {"memory_total": constant(100.0), "memory_available": with_a_gap}
    rows, failed = read(digitalocean, wanted(4))
    assert failed == []
    assert rows["hour"].to_list() == [UNTIL - timedelta(hours=4), UNTIL - timedelta(hours=1)]


def test_a_restart_makes_no_negative_load(fake: Fake, digitalocean: DigitalOcean) -> None:
    restarted = int((UNTIL - timedelta(minutes=30)).replace(tzinfo=UTC).timestamp())

    def counters(query: Mapping[str, str]) -> Series:
        return [
            (labels, [(at, value if at >= restarted else value + 10**9) for at, value in points])
            for labels, points in busy(0.5)(query)
        ]

    fake.samples["cpu"] = counters
    rows, _ = read(digitalocean, wanted(1))
    assert rows["max"].max() <= 100.0 + 1e-6  # type: ignore[operator]
    assert rows["avg"].min() >= 0.0  # type: ignore[operator]
    assert rows["samples"].to_list()[0] < 30


def test_what_is_no_number_was_not_measured(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.samples |= {"memory_total": constant(100.0), "memory_available": constant(float("nan"))}
    assert read(digitalocean, wanted(2))[0].is_empty()


def test_a_droplet_without_a_private_interface_is_measured(
    fake: Fake, digitalocean: DigitalOcean
) -> None:
    def public(query: Mapping[str, str]) -> Series:
        return constant(8.0)(query) if query["interface"] == "public" else []

    fake.samples["bandwidth"] = public
    rows, _ = read(digitalocean, wanted(1))
    assert rows["avg"].to_list() == [2_000_000.0]


def test_long_spans_are_asked_for_in_weeks(fake: Fake, digitalocean: DigitalOcean) -> None:
    hourly = {"step": 3600}
    fake.samples["memory_total"] = constant(100.0, **hourly)
    fake.samples["memory_available"] = constant(50.0, **hourly)
    rows, _ = read(digitalocean, wanted(24 * 15))
    assert rows.height == 24 * 15
    spans = [query for name, query in fake.asked if name.endswith("memory_total")]
    assert [int(each["end"]) - int(each["start"]) for each in spans] == [
        7 * 86400 + 900, 7 * 86400 + 900, 86400 + 900,
    ]  # fmt: skip


def test_each_droplet_is_read_from_its_own_since_on(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.samples |= {"memory_total": constant(100.0), "memory_available": constant(50.0)}
    asked = pl.concat([wanted(1), wanted(3, resource_id="7")])
    rows, _ = read(digitalocean, asked)
    assert rows.group_by("resource_id").len().sort("resource_id").rows() == [
        ("3164444", 1),
        ("7", 3),
    ]


def test_only_droplets_are_measured(fake: Fake, digitalocean: DigitalOcean) -> None:
    rows, failed = read(digitalocean, wanted(2, kind="disk"))
    assert (rows.height, failed, fake.asked) == (0, [], [])


def test_monitoring_that_is_denied_is_reported(fake: Fake, digitalocean: DigitalOcean) -> None:
    fake.denied.add("/v2/monitoring/metrics/droplet/cpu")
    rows, failed = read(digitalocean, wanted(2, droplets=2))
    assert rows.is_empty()
    assert {(each.region, each.kind) for each in failed} == {("nyc3", "instance")}
    assert "monitoring:read" in failed[0].reason
