from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from clouds.azure.connection import AzureCloud
from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA, Reading
from tests.clouds.azure.arm import Estate
from tests.clouds.azure.conftest import LAB, SHOP

pytestmark = pytest.mark.contract
NOON = datetime(2026, 3, 1, 12)
GIB = 2**30
GROUP = f"/subscriptions/{SHOP}/resourcegroups/web/providers"
VM = f"{GROUP}/microsoft.compute/virtualmachines/front"


def points(values: dict[int, dict[str, float]]) -> list[dict[str, Any]]:
    """Values by hour after noon."""
    return [
        {"timeStamp": f"{NOON + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}", **each}
        for hour, each in values.items()
    ]


def metric(name: str, values: dict[int, dict[str, float]]) -> dict[str, Any]:
    return {"name": name, "data": points(values)}


def level(average: float, maximum: float | None = None, minimum: float = 0) -> dict[str, float]:
    most = average if maximum is None else maximum
    return {"average": average, "maximum": most, "minimum": minimum, "total": 60 * average,
            "count": 60}  # fmt: skip


def machine(estate: Estate, resource: str = VM) -> None:
    """Two measured hours, and one of which only the network is known."""
    both = {0: level(1), 1: level(1)}
    estate.metrics[resource] = [
        metric("Percentage CPU", {0: level(12.5, 80), 1: level(20, 30), 2: {}}),
        metric("Available Memory Bytes", {0: level(4 * GIB, 6 * GIB, 2 * GIB)}),
        metric("Network In Total", {0: level(60), 1: level(120), 2: level(60)}),
        metric("Network Out Total", {0: level(60), 1: level(0)}),
        metric("Disk Read Operations/Sec", both),
        metric("Disk Write Operations/Sec", both),
    ]


def wanted(*resources: str, sku: str = "Standard_D4s_v5", since: datetime = NOON) -> pl.DataFrame:
    rows = [
        {"cloud": "azure", "account": each.split("/")[2], "region": "westeurope",
         "resource_id": each, "kind": "instance", "sku": sku, "since": since}
        for each in resources
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(WANTED_SCHEMA))


def read(azure: AzureCloud, asked: pl.DataFrame, hours: int = 3) -> Reading:
    chunks = list(azure.metrics(asked, NOON + timedelta(hours=hours)))
    return Reading(
        pl.concat(chunk.rows for chunk in chunks).sort("resource_id", "metric", "hour"),
        failed=[failure for chunk in chunks for failure in chunk.failed],
    )


def test_the_hours_of_a_machine_come_in_our_units(azure: AzureCloud, estate: Estate) -> None:
    machine(estate)
    found = read(azure, wanted(VM)).rows
    assert found.schema == pl.Schema(dict(METRIC_SCHEMA))
    one = NOON + timedelta(hours=1)
    columns = ("metric", "hour", "avg", "max", "p95", "p99", "samples")
    assert found.select(columns).rows() == [
        ("cpu_percent", NOON, 12.5, 80.0, None, None, 60),
        ("cpu_percent", one, 20.0, 30.0, None, None, 60),
        ("disk_ops_s", NOON, 2.0, None, None, None, 60),
        ("disk_ops_s", one, 2.0, None, None, None, 60),
        ("memory_percent", NOON, 75.0, 87.5, None, None, 60),
        ("network_bytes_s", NOON, 2.0, None, None, None, 60),
        ("network_bytes_s", one, 2.0, None, None, None, 60),
    ]


def values(found: Reading) -> list[tuple[str, float, float | None]]:
    return [(row["metric"], row["avg"], row["max"]) for row in found.rows.to_dicts()]


def of(resource: str, kind: str, sku: str = "any") -> pl.DataFrame:
    return wanted(resource, sku=sku).with_columns(kind=pl.lit(kind))


def test_what_azure_counts_is_known_in_hours_without_any(azure: AzureCloud, estate: Estate) -> None:
    account = f"{GROUP}/microsoft.documentdb/databaseaccounts/docs"
    estate.metrics[account] = [
        metric("TotalRequests", {0: {"count": 7200}, 1: {"count": 0}, 2: {}}),
        metric("ProvisionedThroughput", {0: level(400, 4000)}),
    ]
    assert values(read(azure, of(account, "document_account"))) == [
        ("request_units_s", 400, 4000), ("requests_s", 2, None), ("requests_s", 0, None),
    ]  # fmt: skip


def test_requests_per_minute_become_requests_per_second(azure: AzureCloud, estate: Estate) -> None:
    workspace = f"{GROUP}/microsoft.machinelearningservices/workspaces/w"
    endpoint = f"{workspace}/onlineendpoints/scores"
    estate.metrics[endpoint] = [metric("RequestsPerMinute", {0: level(30, 120), 1: level(0)})]
    assert values(read(azure, of(endpoint, "ml_endpoint"))) == [
        ("requests_s", 0.5, 2), ("requests_s", 0, 0),
    ]  # fmt: skip


def test_what_a_storage_account_holds_is_told_in_gib(azure: AzureCloud, estate: Estate) -> None:
    account = f"{GROUP}/microsoft.storage/storageaccounts/data"
    estate.metrics[account] = [
        metric("Ingress", {0: level(1)}), metric("Egress", {0: level(1)}),
        metric("Transactions", {0: level(60)}), metric("UsedCapacity", {0: level(3 * GIB)}),
    ]  # fmt: skip
    assert values(read(azure, of(account, "bucket"))) == [
        ("network_bytes_s", 120 / 3600, None), ("requests_s", 1, None), ("stored_gib", 3, 3),
    ]  # fmt: skip


def test_only_databases_that_are_sold_in_dtus_are_asked_for_them(
    azure: AzureCloud, estate: Estate
) -> None:
    database = f"{GROUP}/microsoft.sql/servers/s/databases/shop"
    estate.metrics[database] = [
        metric("cpu_percent", {0: level(5, 9)}), metric("sessions_count", {0: level(1)}),
        metric("dtu_consumption_percent", {0: level(10, 39)}),
    ]  # fmt: skip
    assert ("dtu_percent", 10, 39) in values(read(azure, of(database, "database", "S3")))
    estate.metrics[database].pop()  # of one that is sold in cores Azure does not know it
    found = values(read(azure, of(database, "database", "GP_Gen5_2")))
    assert [name for name, *_ in found] == ["connections", "cpu_percent"]


def test_memory_of_a_size_we_do_not_know_stays_unknown(azure: AzureCloud, estate: Estate) -> None:
    machine(estate)
    found = read(azure, wanted(VM, sku="Standard_Unheard_Of")).rows
    assert "memory_percent" not in found["metric"].to_list()
    assert "cpu_percent" in found["metric"].to_list()


def test_only_the_hours_that_are_wanted_are_asked_for(azure: AzureCloud, estate: Estate) -> None:
    machine(estate)
    since = NOON + timedelta(hours=1)
    found = read(azure, wanted(VM, since=since), hours=2).rows
    assert found["hour"].unique().to_list() == [since]
    [call] = [call for call in estate.calls if "Insights" in call.path]
    assert call.query["timespan"] == ["2026-03-01T13:00:00Z/2026-03-01T14:00:00Z"]


def test_a_long_time_is_asked_for_in_parts(azure: AzureCloud, estate: Estate) -> None:
    machine(estate)
    read(azure, wanted(VM, since=NOON - timedelta(days=400)))
    asked = [call.query["timespan"][0] for call in estate.calls if "Insights" in call.path]
    assert len(asked) == 4
    assert asked[0].startswith("2025-11-29")


def test_a_resource_that_is_gone_has_no_hours_and_is_no_failure(
    azure: AzureCloud, estate: Estate
) -> None:
    machine(estate)
    gone = VM.replace("front", "gone")
    found = read(azure, wanted(VM, gone))
    assert found.rows["resource_id"].unique().to_list() == [VM]
    assert list(found.failed) == []


def test_a_kind_that_azure_does_not_measure_is_a_failure_and_one_resource_is_not(
    azure: AzureCloud, estate: Estate
) -> None:
    machine(estate)
    odd = VM.replace("front", "odd")
    estate.metrics[odd] = []
    assert list(read(azure, wanted(VM, odd)).failed) == []
    [failure] = read(azure, wanted(odd)).failed
    assert (failure.account, failure.region, failure.kind) == (SHOP, "westeurope", "instance")
    assert "does not give Percentage CPU" in failure.reason


def test_an_account_that_is_denied_leaves_the_other_and_is_said_once(
    azure: AzureCloud, estate: Estate
) -> None:
    machine(estate)
    others = [VM.replace(SHOP, LAB).replace("front", f"front-{n}") for n in range(50)]
    estate.fail(lambda path, _: LAB in path and "insights" in path.lower(), 403, times=99,
                code="AuthorizationFailed")  # fmt: skip
    found = read(azure, wanted(VM, *others))
    assert found.rows["account"].unique().to_list() == [SHOP]
    [failure] = found.failed
    assert failure.account == LAB
    assert "Microsoft.Insights/metrics/read is missing" in failure.reason


def test_throttling_is_obeyed(azure: AzureCloud, estate: Estate, waits: list[float]) -> None:
    machine(estate)
    estate.fail(lambda path, _: "insights" in path.lower(), 429, headers={"Retry-After": "7"})
    assert read(azure, wanted(VM)).rows.height == 7
    assert sum(waits) >= 7


def test_nothing_wanted_asks_nothing(azure: AzureCloud, estate: Estate) -> None:
    assert read(azure, wanted()).rows.is_empty()
    assert not [call for call in estate.calls if "Insights" in call.path]
