from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from gcp_emulator import Google, Refusal

from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA, Reading
from clouds.gcp.access import Access
from clouds.gcp.metrics import read_metrics

pytestmark = pytest.mark.contract

COMPUTE = "compute.googleapis.com/instance"
SQL = "cloudsql.googleapis.com/database"
ZONE = "//compute.googleapis.com/projects/shop/zones/us-central1-a/instances"
NOON = datetime(2026, 3, 10, 12)
MINUTE = timedelta(minutes=1)


def wanted(*ids: str, kind: str = "instance", since: datetime = NOON) -> pl.DataFrame:
    rows = [
        {"cloud": "gcp", "account": "shop", "region": "us-central1", "resource_id": each,
         "kind": kind, "since": since}
        for each in ids
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(WANTED_SCHEMA))


def machine(number: int) -> dict[str, str]:
    return {"instance_id": str(number), "zone": "us-central1-a", "project_id": "shop"}


def rows(found: Iterable[Reading]) -> list[dict[str, Any]]:
    chunks = [each.rows for each in found]
    assert all(list(chunk.schema.items()) == list(METRIC_SCHEMA.items()) for chunk in chunks)
    return pl.concat(chunks).sort("resource_id", "metric", "hour").to_dicts()


def test_a_machine_is_measured_by_the_hour_in_our_units(google: Google, access: Access) -> None:
    for minute in range(60):
        at = NOON + minute * MINUTE
        google.measure(f"{COMPUTE}/cpu/utilization", machine(7), at, 0.9 if minute == 30 else 0.1)
        google.measure(f"{COMPUTE}/network/received_bytes_count", machine(7), at, 6000)
        google.measure(f"{COMPUTE}/network/sent_bytes_count", machine(7), at, 600 * (minute == 0))
        for device in ("boot", "data"):
            labels = machine(7) | {"device_name": device}
            google.measure(f"{COMPUTE}/disk/read_ops_count", labels, at, 120)
    found = rows(read_metrics(access, wanted(f"{ZONE}/7"), NOON + 2 * timedelta(hours=1)))
    short = {row["metric"]: (row["avg"], row["max"], row["samples"]) for row in found}
    assert short == {
        "cpu_percent": (pytest.approx((59 * 10 + 90) / 60), pytest.approx(90), 60),
        "network_bytes_s": (pytest.approx(100 + 600 / 3600), pytest.approx(110), 60),
        "disk_ops_s": (pytest.approx(4), pytest.approx(4), 120),
    }
    assert {row["hour"] for row in found} == {NOON}
    assert {row["p95"] for row in found} == {row["p99"] for row in found} == {None}


def test_hours_without_samples_have_no_row(google: Google, access: Access) -> None:
    for hour in (0, 3):
        google.measure(f"{COMPUTE}/cpu/utilization", machine(7), NOON + timedelta(hours=hour), 0.5)
    found = rows(read_metrics(access, wanted(f"{ZONE}/7"), NOON + timedelta(hours=5)))
    assert [row["hour"].hour for row in found] == [12, 15]


def test_each_resource_is_read_from_its_own_hour_on(google: Google, access: Access) -> None:
    for number in (7, 8):
        for hour in range(4):
            at = NOON + timedelta(hours=hour)
            google.measure(f"{COMPUTE}/cpu/utilization", machine(number), at, 0.5)
    later = wanted(f"{ZONE}/8", since=NOON + timedelta(hours=3))
    both = pl.concat([wanted(f"{ZONE}/7"), later])
    found = rows(read_metrics(access, both, NOON + timedelta(hours=4)))
    assert [(row["resource_id"][-1], row["hour"].hour) for row in found] == [
        ("7", 12), ("7", 13), ("7", 14), ("7", 15), ("8", 15),
    ]  # fmt: skip


def test_many_machines_share_a_call_and_all_pages_are_read(google: Google, access: Access) -> None:
    for number in range(250):
        google.measure(f"{COMPUTE}/cpu/utilization", machine(number), NOON, number / 1000)
    google.page = 40
    asked = wanted(*[f"{ZONE}/{number}" for number in range(250)])
    found = rows(read_metrics(access, asked, NOON + timedelta(hours=1)))
    assert sorted(row["avg"] for row in found) == pytest.approx([n / 10 for n in range(250)])
    cpu = [call for call in google.calls if "cpu/utilization" in call]
    assert len(cpu) == 3 * (3 + 3 + 2)  # aligners, pages of 100, 100 and 50 machines


def test_a_database_is_known_by_project_and_name(google: Google, access: Access) -> None:
    labels = {"database_id": "shop:orders", "region": "us-central1"}
    google.measure(f"{SQL}/cpu/utilization", labels, NOON, 0.25)
    google.measure(f"{SQL}/memory/utilization", labels, NOON, 0.5)
    google.measure(f"{SQL}/network/connections", labels, NOON, 12)
    name = "//cloudsql.googleapis.com/projects/shop/instances/orders"
    found = rows(read_metrics(access, wanted(name, kind="database"), NOON + timedelta(hours=1)))
    assert [(row["metric"], row["avg"]) for row in found] == [
        ("connections", 12), ("cpu_percent", 25), ("memory_percent", 50),
    ]  # fmt: skip


def test_the_databases_of_a_spanner_instance_add_up(google: Google, access: Access) -> None:
    spanner = "spanner.googleapis.com/instance"
    for database, share in (("ledger", 0.25), ("audit", 0.5)):
        labels = {"instance_id": "ledger", "device_name": database}
        google.measure(f"{spanner}/cpu/utilization", labels, NOON, share)
    google.measure(f"{spanner}/storage/utilization", {"instance_id": "ledger"}, NOON, 0.1)
    name = "//spanner.googleapis.com/projects/shop/instances/ledger"
    found = rows(read_metrics(access, wanted(name, kind="spanner"), NOON + timedelta(hours=1)))
    assert [(row["metric"], row["avg"], row["max"]) for row in found] == [
        ("cpu_percent", 75, 75), ("storage_percent", pytest.approx(10), pytest.approx(10)),
    ]  # fmt: skip


def test_requests_of_an_endpoint_are_counted_by_the_second(google: Google, access: Access) -> None:
    count = "aiplatform.googleapis.com/prediction/online/prediction_count"
    google.measure(count, {"endpoint_id": "77"}, NOON, 1800)
    name = "//aiplatform.googleapis.com/projects/shop/locations/us-central1/endpoints/77"
    found = rows(read_metrics(access, wanted(name, kind="ml_endpoint"), NOON + timedelta(hours=1)))
    assert [(row["metric"], row["avg"]) for row in found] == [("requests_s", 0.5)]


def test_what_has_no_metrics_is_not_asked_for(google: Google, access: Access) -> None:
    assert rows(read_metrics(access, wanted(f"{ZONE}/7", kind="disk"), NOON)) == []
    assert google.calls == []


def test_a_missing_permission_is_named(google: Google, access: Access) -> None:
    google.granted.clear()
    [*_, last] = read_metrics(access, wanted(f"{ZONE}/7"), NOON + timedelta(hours=1))
    assert {(each.account, each.kind) for each in last.failed} == {("shop", "instance")}
    assert "monitoring.timeSeries.list is missing" in last.failed[0].reason


def test_a_throttled_call_is_made_again(google: Google, access: Access) -> None:
    google.measure(f"{COMPUTE}/cpu/utilization", machine(7), NOON, 0.5)
    google.refusals = [Refusal(429, "slow down"), Refusal(503, "busy")]
    found = rows(read_metrics(access, wanted(f"{ZONE}/7"), NOON + timedelta(hours=1)))
    assert [row["avg"] for row in found] == [50]


def test_refused_credentials_are_said_once(google: Google, access: Access) -> None:
    google.always = Refusal(401, "expired")
    asked = wanted(*[f"{ZONE}/{number}" for number in range(2000)])
    [*_, last] = read_metrics(access, asked, NOON + timedelta(hours=1))
    assert len(last.failed) == 1
