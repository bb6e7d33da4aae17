import re
from collections.abc import Callable, Generator
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from gcp_bigquery import (
    DETAILED,
    FOCUS,
    access_to,
    bigquery,
    create,
    detailed_line,
    focus_line,
    insert,
)
from google.auth.transport.requests import AuthorizedSession

from clouds.errors import UnknownOption
from clouds.gcp import exports
from clouds.gcp.access import Access
from clouds.gcp.exports import Table, TableLayout, fetch_exports, tables
from clouds.gcp.permissions import READS
from warehouse.ingest.load import ingest
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

NUMBERS = count()
Make = Callable[..., Table]


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    with bigquery() as found:
        yield found


@pytest.fixture
def access(address: str) -> Access:
    return access_to(address)


@pytest.fixture
def make(address: str) -> Make:
    """Makes an export of some lines."""

    def make(lines: list[dict[str, Any]], layout: TableLayout = "detailed") -> Table:
        table = Table(f"acme-bill.bill{next(NUMBERS)}.gcp_billing_export", layout)
        create(address, table.name, DETAILED if layout == "detailed" else FOCUS)
        insert(address, table.name, lines)
        return table

    return make


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LakeSettings(home=tmp_path / "home"))


def totals(lake: Lake, folder: Path) -> list[tuple[Any, ...]]:
    report = ingest(lake, sorted(folder.rglob("*.parquet")), now=datetime(2026, 12, 1))
    return [
        (f.billing_account, f"{f.period:%Y-%m}", f.currency, f.rows, f.billed_cost,
         f.effective_cost, f.status)
        for f in report.loaded
    ]  # fmt: skip


def test_a_detailed_export_is_loaded_with_exact_totals_and_credits(
    access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    lines = [detailed_line("202610", "0.1", "-0.03", "-0.02"), detailed_line("202610", "0.2")]
    lines += [detailed_line("202611", "-1.23456789012345"), detailed_line("202611", "7", "-7")]
    table = make(lines)
    found = fetch_exports(access, [table], tmp_path / "in")
    assert [path.name for path in found.paths] == ["2026-10.parquet", "2026-11.parquet"]
    assert list(found.failed) == []
    assert totals(lake, tmp_path / "in") == [
        ("01AB-CD", "2026-10", "USD", 2, Decimal("0.3"), Decimal("0.25"), "loaded"),
        ("01AB-CD", "2026-11", "USD", 2, Decimal("5.76543210987655"),
         Decimal("-1.23456789012345"), "loaded"),
    ]  # fmt: skip


def test_what_a_line_says_arrives_in_focus(
    access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    table = make([detailed_line("202610", "0.1", "-0.03")])
    fetch_exports(access, [table], tmp_path / "in")
    totals(lake, tmp_path / "in")
    query = (
        "select ResourceId, SubAccountId, RegionId, ServiceName, Tags, ConsumedQuantity,"
        " ListCost, ContractedUnitPrice, ChargePeriodStart from raw.focus"
    )
    with lake.write("look") as write:
        assert write.connection.execute(query).fetchall() == [(
            "//compute.googleapis.com/projects/shop/zones/us-central1-a/instances/7", "shop",
            "us-central1", "Compute Engine", '{"team":"we\\"b 😀"}', Decimal(3600), Decimal("0.2"),
            Decimal("0.031611"), datetime(2026, 10, 2, 8),
        )]  # fmt: skip


def test_what_a_commitment_covers_arrives_in_focus(
    access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    model = {"id": "EB38", "description": "Compute Flexible CUDs 1 Year"}
    covered = {"consumption_model": model, "subscription": {"instance_id": "subscriptions/1f"}}
    line = detailed_line("202610", "0.1", cost_at_effective_price_default="0.125", **covered)
    fetch_exports(access, [make([line])], tmp_path / "in")
    totals(lake, tmp_path / "in")
    query = "select CommitmentDiscountId, EffectiveCost, ContractedCost from raw.focus"
    with lake.write("look") as write:
        assert write.connection.execute(query).fetchall() == [
            ("subscriptions/1f", Decimal("0.1"), Decimal("0.125"))
        ]


def test_a_focus_export_is_loaded_with_exact_totals(
    access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    table = make([focus_line("202610", "0.123456789"), focus_line("202610", "-0.1")], "focus")
    fetch_exports(access, [table], tmp_path / "in")
    total = Decimal("0.023456789")
    assert totals(lake, tmp_path / "in") == [("02EF", "2026-10", "EUR", 2, total, total, "loaded")]


def test_an_unchanged_table_is_not_queried_again(
    address: str, access: Access, make: Make, tmp_path: Path
) -> None:
    table = make([detailed_line("202610", "1")])
    first = fetch_exports(access, [table], tmp_path)
    before = first.paths[0].stat().st_mtime_ns
    second = fetch_exports(access, [table], tmp_path)
    assert list(second.paths) == list(first.paths)
    assert second.paths[0].stat().st_mtime_ns == before


def test_a_month_that_is_wanted_anew_is_queried_again(
    access: Access, make: Make, tmp_path: Path
) -> None:
    table = make([detailed_line("202609", "1"), detailed_line("202610", "1")])
    paths = fetch_exports(access, [table], tmp_path).paths
    before = [path.stat().st_mtime_ns for path in paths]
    fetch_exports(access, [table], tmp_path, [date(2026, 10, 1)])
    assert [path.stat().st_mtime_ns == old for path, old in zip(paths, before, strict=True)] == [
        True, False,
    ]  # fmt: skip


def test_only_months_with_new_lines_are_read_again_and_replace_the_loaded_ones(
    address: str, access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    months = ("202608", "202609", "202610")
    table = make([detailed_line(month, "1") for month in months])
    fetch_exports(access, [table], tmp_path / "in")
    totals(lake, tmp_path / "in")
    files = sorted((tmp_path / "in").rglob("*.parquet"))
    before = {path.stem: path.stat().st_mtime_ns for path in files}
    insert(address, table.name, [detailed_line("202609", "-0.4", day="28")])
    fetch_exports(access, [table], tmp_path / "in")
    after = {path.stem: path.stat().st_mtime_ns for path in files}
    assert [month for month in before if before[month] != after[month]] == ["2026-09"]
    assert [(row[1], row[4], row[6]) for row in totals(lake, tmp_path / "in")] == [
        ("2026-08", Decimal(1), "unchanged"), ("2026-09", Decimal("0.6"), "loaded"),
        ("2026-10", Decimal(1), "unchanged"),
    ]  # fmt: skip


def test_more_lines_than_one_page_all_arrive(
    access: Access, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 40)
    table = make([detailed_line("202610", "0.01") for _ in range(110)])
    [path] = fetch_exports(access, [table], tmp_path).paths
    read = pq.ParquetFile(path)
    assert (read.metadata.num_rows, read.num_row_groups) == (110, 3)


def test_an_empty_export_brings_nothing(access: Access, make: Make, tmp_path: Path) -> None:
    found = fetch_exports(access, [make([])], tmp_path)
    assert (list(found.paths), list(found.failed)) == ([], [])


def test_a_table_that_is_missing_leaves_the_others_and_is_reported(
    access: Access, make: Make, tmp_path: Path
) -> None:
    missing = Table("acme-bill.nowhere.gone", "detailed")
    found = fetch_exports(access, [missing, make([detailed_line("202610", "1")])], tmp_path)
    assert len(found.paths) == 1
    [failure] = found.failed
    assert failure.account == "acme-bill"
    assert "acme-bill.nowhere.gone" in failure.reason


def test_a_file_of_an_earlier_call_stays_when_the_export_can_not_be_read(
    address: str, access: Access, make: Make, tmp_path: Path
) -> None:
    table = make([detailed_line("202610", "1")])
    fetch_exports(access, [table], tmp_path)
    gone = Access(access.given, {"bigquery": "http://127.0.0.1:9"})
    found = fetch_exports(gone, [table], tmp_path)
    assert [path.name for path in found.paths] == ["2026-10.parquet"]
    assert "can't be reached" in found.failed[0].reason
    assert not list(tmp_path.rglob("*.part"))


def test_two_billing_accounts_in_two_tables_are_both_loaded(
    access: Access, make: Make, lake: Lake, tmp_path: Path
) -> None:
    both = [make([detailed_line("202610", "1", account=name)]) for name in ("01-A", "01-B")]
    fetch_exports(access, both, tmp_path / "in")
    assert sorted(row[0] for row in totals(lake, tmp_path / "in")) == ["01-A", "01-B"]


def test_the_calls_made_need_just_the_permissions_of_the_role(
    access: Access, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()
    send = AuthorizedSession.request

    def watch(self: AuthorizedSession, method: str, url: str, *more: Any, **options: Any) -> Any:
        path = urlsplit(url).path
        if method == "POST" and path.endswith(("/jobs", "/queries")):
            used.update(("bigquery.jobs.create", "bigquery.tables.getData"))
        elif method == "GET" and "/tables/" in path:
            used.add("bigquery.tables.get")
        else:
            assert method == "GET", f"{method} {path}"
            assert re.search("/(jobs|queries)/", path), path  # of our own job: no permission
        return send(self, method, url, *more, **options)

    table = make([detailed_line("202610", "1")])
    monkeypatch.setattr(AuthorizedSession, "request", watch)
    fetch_exports(access, [table], tmp_path)
    assert used == set(READS["bills"])


@pytest.mark.parametrize(
    "given",
    [{"table": "dataset.table"}, {"table": "a.b.c", "layout": "csv"}, {"table": "a.b.c", "x": "y"}],
)
def test_an_export_that_is_not_well_named_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UnknownOption, match="exports has"):
        tables([given])
