"""The real client against Prism with DigitalOcean's own examples: is every answer understood?"""

import gzip
from collections.abc import Generator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from digitalocean_description import FILE
from servers import free_port, node_server, started

from clouds.budget import Budget
from clouds.cloud import WANTED_SCHEMA
from clouds.digitalocean.access import Session
from clouds.digitalocean.connection import DigitalOcean

PATIENCE = 90  # seconds; Prism takes ten to start where nothing else runs
EXAMPLE_HOUR = datetime(2021, 10, 28, 2)  # of the CPU samples


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[DigitalOcean]:
    folder = tmp_path_factory.mktemp("prism")
    (folder / "digitalocean.json").write_bytes(gzip.decompress(FILE.read_bytes()))
    (folder / "token").write_text("dop_v1_x")
    port = free_port()
    program = node_server("@stoplight/prism-cli/dist/index.js")
    arguments = ["mock", "-h", "127.0.0.1", "-p", str(port), str(folder / "digitalocean.json")]
    with started([*program, *arguments], port, PATIENCE):
        quick = Budget("prism", 1000, 1000)
        address = f"http://127.0.0.1:{port}"
        yield DigitalOcean(Session(str(folder / "token"), address, quick))


def test_every_kind_of_the_inventory_is_understood(cloud: DigitalOcean) -> None:
    found = cloud.inventory()
    assert list(found.failed) == []
    assert set(found.rows["kind"]) == {
        "access_key", "address", "cluster", "database", "disk", "dns_zone", "instance",
        "load_balancer", "network", "node_pool", "security_group", "snapshot",
    }  # fmt: skip
    assert found.rows["resource_id"].null_count() == 0
    assert found.rows.select("cloud", "account", "kind", "resource_id").is_unique().all()


def test_invoices_are_understood(cloud: DigitalOcean, tmp_path: Path) -> None:
    invoices = cloud.invoices().rows
    assert invoices.height >= 2
    assert Decimal("12.34") in invoices["amount"].to_list()
    exports = cloud.bills(tmp_path)
    [folder] = exports.paths
    assert {path.name for path in folder.iterdir()} == {"2019-11", "2019-12", "2020-02"}
    assert {failure.kind for failure in exports.failed} == {"bill of 2019-11", "bill of 2019-12"}
    assert all("are in no line" in failure.reason for failure in exports.failed)  # only examples


def test_sizes_are_understood(cloud: DigitalOcean) -> None:
    assert cloud.offers()["vcpus"].null_count() == 0
    assert cloud.prices()["price_hour"].min() > 0  # type: ignore[operator]


def test_samples_are_understood(cloud: DigitalOcean) -> None:
    row = {"cloud": "digitalocean", "account": "a", "region": "nyc3", "resource_id": "222651441",
           "kind": "instance", "since": EXAMPLE_HOUR}  # fmt: skip
    wanted = pl.DataFrame([row], schema=dict(WANTED_SCHEMA))
    chunks = list(cloud.metrics(wanted, datetime(2021, 10, 28, 3)))
    assert [failure for chunk in chunks for failure in chunk.failed] == []
    cpu = pl.concat(chunk.rows for chunk in chunks).filter(metric="cpu_percent")
    [(hour, average, samples)] = cpu.select("hour", "avg", "samples").rows()
    assert (hour, samples) == (EXAMPLE_HOUR, 2)  # three samples of counters
    assert 0 < average < 100


def test_doctor_is_content(cloud: DigitalOcean) -> None:
    assert [finding for finding in cloud.examine() if not finding.ok] == []
