"""What ran becomes charges that the ordinary ingestion takes; nothing is made up."""

from collections.abc import Callable, Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from onprem_card import CARD, card
from onprem_servers import need_libvirt

from clouds.errors import Unreadable
from clouds.onprem import connect
from clouds.onprem.connection import OnPrem
from clouds.onprem.exports import Folders, write_months
from clouds.onprem.history import Guest, observed, remember
from warehouse.ingest.load import ingest
from warehouse.ingest.records import IngestReport
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

FLEET = Path(__file__).with_name("fleet.xml")
WEB = Guest("u-web", "web", 4, 8192, {"team": 'we"b 🛒'})
DB = Guest("u-db", "db", 8, 65536)
REGIONS = {"kvm-1": "fra", "kvm-2": "fra"}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """What a source keeps, with two machines seen on kvm-1 from November 1 to 18."""
    folders = Folders(tmp_path / "exports")
    for number in range(1, 19):
        remember(folders.history, date(2026, 11, number), {"kvm-1": [WEB, DB]})
    return folders


@pytest.fixture
def lake(tmp_path: Path) -> Generator[Lake]:
    """An empty lake."""
    lake = Lake(LakeSettings(home=tmp_path / "home"))
    with lake.write("create"):
        pass
    yield lake
    lake.close()


def load(lake: Lake, folders: Folders) -> IngestReport:
    return ingest(lake, [folders.bills], now=datetime(2026, 11, 21))


def statuses(report: IngestReport) -> dict[str, str]:
    return {Path(entry.file).stem: entry.status for entry in report.loaded}


def query(lake: Lake, sql: str) -> list[tuple[object, ...]]:
    with lake.latest() as connection:
        return connection.execute(sql).fetchall()


def made(folders: Folders, now: datetime) -> dict[str, pl.DataFrame]:
    write_months(card(), folders, now, "dc", REGIONS)
    return {path.stem: pl.read_parquet(path) for path in sorted(folders.bills.glob("*.parquet"))}


def test_days_that_are_not_over_and_months_to_come_are_not_written(folders: Folders) -> None:
    files = made(folders, datetime(2026, 11, 18, 23, 59))
    assert list(files) == ["focus-2026-09", "focus-2026-10", "focus-2026-11"]
    assert files["focus-2026-11"]["ChargePeriodEnd"].max() == datetime(2026, 11, 18)


def test_the_first_day_of_a_month_makes_no_file_for_it(folders: Folders) -> None:
    assert list(made(folders, datetime(2026, 11, 1, 12))) == ["focus-2026-09", "focus-2026-10"]


def test_a_host_that_was_not_seen_is_one_row_a_day_with_its_whole_cost(folders: Folders) -> None:
    november = made(folders, datetime(2026, 11, 21))["focus-2026-11"]
    unseen = november.filter(pl.col("ServiceName") == "Not observed (on-premises)")
    days = unseen.group_by("ResourceId").agg(pl.col("ChargePeriodStart").sort())
    by_host = {row[0]: [day.day for day in row[1]] for row in days.iter_rows()}
    assert by_host == {"kvm-1": [19, 20], "kvm-2": list(range(1, 21))}


def test_what_no_machine_uses_is_a_row_of_the_host(folders: Folders) -> None:
    november = made(folders, datetime(2026, 11, 21))["focus-2026-11"]
    day = november.filter(pl.col("ChargePeriodStart") == datetime(2026, 11, 5))
    found = {
        (row["ResourceId"], row["SkuMeter"]): (row["PricingQuantity"], row["PricingUnit"])
        for row in day.iter_rows(named=True)
    }
    assert found == {
        ("u-web", "vCPU"): (96, "vCPU-Hours"), ("u-web", "Memory"): (192, "GiB-Hours"),
        ("u-db", "vCPU"): (192, "vCPU-Hours"), ("u-db", "Memory"): (1536, "GiB-Hours"),
        ("kvm-1", "vCPU"): (52 * 24, "vCPU-Hours"), ("kvm-1", "Memory"): (440 * 24, "GiB-Hours"),
        ("kvm-2", "Host"): (24, "Hours"),
    }  # fmt: skip
    idle = day.filter(pl.col("ServiceName") == "Idle capacity (on-premises)")
    assert set(idle["ResourceId"]) == {"kvm-1"}


def test_the_vcpus_get_seventy_per_cent_of_a_host(folders: Folders) -> None:
    november = made(folders, datetime(2026, 11, 21))["focus-2026-11"]
    seen = november.filter(pl.col("SkuMeter") != "Host").group_by("SkuMeter")
    parts = dict(seen.agg(pl.col("BilledCost").sum()).iter_rows())
    assert abs(parts["vCPU"] * 30 - parts["Memory"] * 70) < Decimal("1E-6")


def test_an_overcommitted_host_has_no_idle_rows_and_costs_no_more(folders: Folders) -> None:
    remember(folders.history, date(2026, 11, 5), {"kvm-1": [Guest("u-big", "big", 96, 2**20)]})
    november = made(folders, datetime(2026, 11, 21))["focus-2026-11"]
    for number, expected in ((5, {"u-big"}), (6, {"u-web", "u-db", "kvm-1"})):
        day = november.filter(
            pl.col("ChargePeriodStart") == datetime(2026, 11, number),
            pl.col("SkuMeter") != "Host",
        )
        assert set(day["ResourceId"]) == expected
    daily = november.group_by("ChargePeriodStart").agg(pl.col("BilledCost").sum())
    days = dict(daily.iter_rows())
    assert abs(days[datetime(2026, 11, 5)] - days[datetime(2026, 11, 6)]) < Decimal("1E-9")


def test_the_same_input_gives_the_same_bytes(folders: Folders, tmp_path: Path) -> None:
    made(folders, datetime(2026, 11, 21))
    other = Folders(tmp_path / "other")
    for number in range(18, 0, -1):  # seen in another order
        remember(other.history, date(2026, 11, number), {"kvm-1": [DB, WEB]})
    made(other, datetime(2026, 11, 21, 5))
    for path in folders.bills.iterdir():
        assert path.read_bytes() == (other.bills / path.name).read_bytes()


def test_a_month_whose_input_did_not_change_is_not_written_again(folders: Folders) -> None:
    made(folders, datetime(2026, 11, 21))
    before = {path: path.stat().st_mtime_ns for path in folders.bills.iterdir()}
    made(folders, datetime(2026, 11, 21, 18))
    assert {path: path.stat().st_mtime_ns for path in folders.bills.iterdir()} == before


def test_only_finished_files_lie_among_the_bills(folders: Folders) -> None:
    made(folders, datetime(2026, 11, 21))
    assert {path.suffix for path in folders.bills.iterdir()} == {".parquet"}


def test_the_newest_look_at_a_day_counts_and_other_hosts_keep_theirs(tmp_path: Path) -> None:
    day = date(2026, 11, 5)
    remember(tmp_path, day, {"kvm-1": [WEB], "kvm-2": [DB]})
    remember(tmp_path, day, {"kvm-1": []})
    assert observed(tmp_path, day) == {"kvm-1": [], "kvm-2": [DB]}
    assert observed(tmp_path, day + timedelta(days=1)) == {}


def test_the_ingestion_takes_the_files_and_the_growing_month_without_alarm(
    folders: Folders, lake: Lake
) -> None:
    months = ("focus-2026-09", "focus-2026-10", "focus-2026-11")
    made(folders, datetime(2026, 11, 19))
    assert statuses(load(lake, folders)) == dict.fromkeys(months, "loaded")
    assert statuses(load(lake, folders)) == dict.fromkeys(months, "unchanged")
    made(folders, datetime(2026, 11, 20))
    report = load(lake, folders)
    assert statuses(report) == dict.fromkeys(months, "unchanged") | {"focus-2026-11": "loaded"}
    assert not [entry.reason for entry in report.loaded if "alarm" in (entry.reason or "")]
    assert query(
        lake,
        "select x_cloud, x_source, SubAccountId, max(ChargePeriodEnd) from raw.focus group by all",
    ) == [("onprem", "onprem/focus-1.2", "dc", datetime(2026, 11, 20))]
    assert query(
        lake, "select sum(BilledCost) from raw.focus where BillingPeriodStart = '2026-10-01'"
    ) == [(Decimal("1198.95") + Decimal("865.62"),)]


def test_a_new_price_replaces_the_month(folders: Folders, lake: Lake) -> None:
    made(folders, datetime(2026, 11, 19))
    load(lake, folders)
    dearer = card(CARD.replace("price_kwh: 0.287", "price_kwh: 0.31"))
    write_months(dearer, folders, datetime(2026, 11, 19), "dc", REGIONS)
    assert statuses(load(lake, folders))["focus-2026-11"] == "loaded"


@pytest.fixture
def connected(tmp_path: Path) -> Callable[[datetime], OnPrem]:
    """The fleet of one file as kvm-1, and kvm-2 that can't be reached, at a chosen time."""
    need_libvirt()
    (tmp_path / "card.yaml").write_text(CARD)

    def at(now: datetime) -> OnPrem:
        cloud = connect(
            hosts=[
                {"name": "kvm-1", "uri": f"test://{FLEET}", "region": "fra"},
                {"name": "kvm-2", "uri": "qemu+unix:///system?socket=/nowhere", "region": "fra"},
            ],
            rate_card=str(tmp_path / "card.yaml"),
        )
        assert isinstance(cloud, OnPrem)
        return OnPrem(cloud.options, lambda: now)

    return at


def test_what_runs_today_is_charged_tomorrow(
    connected: Callable[[datetime], OnPrem], tmp_path: Path
) -> None:
    connected(datetime(2026, 11, 20, 9)).bills(tmp_path / "kept")
    exports = connected(datetime(2026, 11, 21, 9)).bills(tmp_path / "kept")
    assert list(exports.paths) == [tmp_path / "kept" / "focus"]
    [(_, kind, reason)] = [(f.region, f.kind, f.reason) for f in exports.failed]
    assert kind == "host"
    assert "kvm-2 at" in reason
    lines = pl.read_parquet(tmp_path / "kept" / "focus" / "focus-2026-11.parquet")
    day = lines.filter(pl.col("ChargePeriodStart") == datetime(2026, 11, 20))
    assert set(day["ResourceName"]) == {"web-1", "kvm-1", "kvm-2"}  # old-db is stopped
    before = lines.filter(pl.col("ChargePeriodStart") < datetime(2026, 11, 20))
    assert set(before["ServiceName"]) == {"Not observed (on-premises)"}


def test_a_host_that_the_rate_card_does_not_know_is_said(
    connected: Callable[[datetime], OnPrem], tmp_path: Path
) -> None:
    (tmp_path / "card.yaml").write_text(CARD.replace("name: kvm-1", "name: kvm-9"))
    exports = connected(datetime(2026, 11, 20, 9)).bills(tmp_path / "kept")
    assert any("kvm-1 is not in the rate card" in failure.reason for failure in exports.failed)


def test_a_rate_card_that_is_not_valid_says_where(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(CARD.replace("lifetime_months: 60", "lifetime_months: 0"))
    with pytest.raises(Unreadable, match=r"classes\.large\.0\.lifetime_months"):
        connect(rate_card=str(tmp_path / "card.yaml")).bills(tmp_path)


def test_a_rate_card_that_is_missing_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="option 'rate_card'"):
        connect(rate_card=str(tmp_path / "none.yaml")).bills(tmp_path)
