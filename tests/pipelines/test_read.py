"""The steps that read sources, each called by itself."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from home import Home, home_at
from small import DAYS, NOW, SmallCloud, write_bill

from clouds import offers as catalogue
from clouds.cloud import Failure
from pipelines.assets import bills, inventory, market, metrics
from warehouse.query import ask

HOUR = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path, "small")


@pytest.fixture
def cloud(home: Home) -> SmallCloud:
    return home.clouds["small"]


def read_inventory(home: Home) -> Any:
    return inventory.inventory(work=home.work())


def read_metrics(home: Home) -> Any:
    return home.step(metrics.metrics)


def history(home: Home) -> list[tuple[Any, ...]]:
    return home.ask_newest(
        "select resource_id, state, valid_from, valid_to from raw.resource order by all"
    )


def test_unchanged_resources_are_not_touched(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    cloud.clock = NOW + timedelta(days=1)
    read_inventory(home)
    assert history(home) == [("i-1", "running", NOW, None), ("i-2", "running", NOW, None)]


def test_a_changed_resource_closes_a_span_and_opens_another(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    cloud.resources[0]["state"] = "stopped"
    cloud.clock = later = NOW + timedelta(days=1)
    read_inventory(home)
    assert history(home) == [
        ("i-1", "running", NOW, later),
        ("i-1", "stopped", later, None),
        ("i-2", "running", NOW, None),
    ]


def test_a_vanished_resource_is_closed_only_where_it_could_have_been_seen(
    home: Home, cloud: SmallCloud
) -> None:
    cloud.resources[1]["region"] = "us-east-1"
    cloud.regions = ["eu-west-1", "us-east-1"]
    read_inventory(home)
    cloud.resources, cloud.regions = [], ["eu-west-1"]
    cloud.clock = later = NOW + timedelta(days=1)
    read_inventory(home)
    assert history(home) == [("i-1", "running", NOW, later), ("i-2", "running", NOW, None)]


def test_a_kind_that_could_not_be_read_closes_nothing(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    cloud.resources = []
    cloud.unread = [Failure(cloud.account, "eu-west-1", "instance", "access denied")]
    result = read_inventory(home)
    assert [valid_to for *_, valid_to in history(home)] == [None, None]
    assert result.metadata["failed"] == {
        "small (in part)": "small-account eu-west-1 instance: access denied"
    }
    assert home.ask_newest("select failed from raw.read order by failed nulls last") == [
        ("instance: access denied",), (None,),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["instance", ""])
def test_what_could_not_be_read_in_any_region_closes_nothing_in_all(
    home: Home, cloud: SmallCloud, kind: str
) -> None:
    read_inventory(home)
    cloud.resources = []
    cloud.unread = [Failure(cloud.account, "", kind, "access denied")]
    read_inventory(home)
    assert [valid_to for *_, valid_to in history(home)] == [None, None]
    cloud.unread = [Failure("another-account", "", kind, "access denied")]
    read_inventory(home)
    assert None not in [valid_to for *_, valid_to in history(home)]


def test_a_scope_without_a_region_covers_the_whole_account(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    cloud.resources, cloud.regions = [], [""]
    cloud.unread = [Failure(cloud.account, "", "instance", "access denied")]
    read_inventory(home)
    assert [valid_to for *_, valid_to in history(home)] == [None, None]
    cloud.unread = []
    cloud.clock = later = NOW + timedelta(days=1)
    read_inventory(home)
    assert [valid_to for *_, valid_to in history(home)] == [later, later]


def test_a_resource_that_comes_back_has_a_gap(home: Home, cloud: SmallCloud) -> None:
    everything = cloud.resources
    for day, resources in enumerate([everything, everything[:1], everything]):
        cloud.resources, cloud.clock = resources, NOW + timedelta(days=day)
        read_inventory(home)
    assert history(home)[1:] == [
        ("i-2", "running", NOW, NOW + timedelta(days=1)),
        ("i-2", "running", NOW + timedelta(days=2), None),
    ]


def test_two_sources_do_not_close_each_others_resources(tmp_path: Path) -> None:
    home = home_at(tmp_path, "a", "b")
    home.clouds["b"].account = home.clouds["a"].account
    for resource in home.clouds["b"].resources:
        resource["account"] = home.clouds["a"].account
    home.clouds["b"].resources.pop()
    read_inventory(home)
    read_inventory(home)
    assert home.ask_newest(
        "select source, count(*), count(valid_to) from raw.resource group by 1 order by 1"
    ) == [("a", 2, 0), ("b", 1, 0)]


def test_a_source_that_fails_keeps_what_is_known_and_is_remembered(
    home: Home, cloud: SmallCloud
) -> None:
    read_inventory(home)
    cloud.failing, cloud.clock = {"inventory"}, NOW + timedelta(days=1)
    read_inventory(home)
    known = "select count(*) from raw.resource where valid_to is null"
    assert home.ask_newest(known) == [(2,)]
    remembered = "select read_at, until, failed from raw.read"
    assert home.ask_newest(remembered) == [
        (NOW, NOW, "inventory of small is refused; expected read access")
    ]
    cloud.failing = set()
    read_inventory(home)
    assert home.ask_newest(remembered) == [(cloud.clock, cloud.clock, None)]


def test_a_source_that_was_removed_from_the_settings_neither_fails_nor_is_late(
    tmp_path: Path,
) -> None:
    home = home_at(tmp_path, "kept", "removed")
    invoices = next(asset for asset in market.assets if asset.key.path[-1] == "invoice")
    read_inventory(home)
    home.clouds["removed"].failing = {"inventory", "invoices"}
    read_inventory(home)
    home.step(invoices)
    told = "select source, what, until, failed is null, late_after_hours from raw.read order by all"
    failing = [("removed", "inventory", NOW, False, 30.0), ("removed", "invoices", None, False, 30)]
    assert home.ask_newest(told)[-2:] == failing
    del home.clouds["removed"]
    read_inventory(home)
    home.step(invoices)
    assert home.ask_newest(told) == [
        ("kept", "inventory", NOW, True, 30.0), ("kept", "invoices", NOW, True, 30.0),
        ("removed", "inventory", NOW, True, None),
    ]  # fmt: skip
    assert home.ask_newest("select count(*) from raw.resource where valid_to is null") == [(4,)]


def test_only_missing_and_late_hours_of_metrics_are_fetched(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    read_metrics(home)
    cloud.clock = NOW + 2 * HOUR + timedelta(minutes=20)
    read_metrics(home)
    assert cloud.asked == [
        (NOW - timedelta(days=32), NOW),
        (NOW - 3 * HOUR, NOW + 2 * HOUR),
    ]
    hours = home.ask_newest("select count(*), count(distinct hour), max(hour) from raw.metric")
    assert hours == [(32 * 24 + 2, 32 * 24 + 2, NOW + HOUR)]


def test_a_resource_that_is_new_to_us_is_measured_from_when_it_was_created(
    home: Home, cloud: SmallCloud
) -> None:
    cloud.resources = cloud.resources[1:]
    read_inventory(home)
    read_metrics(home)
    created = NOW - timedelta(days=3)
    cloud.resources.append({**cloud.resources[0], "resource_id": "i-1", "created_at": created})
    cloud.clock = NOW + HOUR
    read_inventory(home)
    read_metrics(home)
    assert cloud.asked == [(created, NOW + HOUR)]


def test_a_home_may_lie_on_a_path_with_any_signs(tmp_path: Path) -> None:
    home = home_at(tmp_path / "Jo's [new] 100% #1*", "small")
    home.step(bills.bills)
    home.step(inventory.inventory)
    read_metrics(home)
    with ask(home.lake, "select count(*) from raw.metric", home.lake.snapshot()) as found:
        assert found.fetchone() != (0,)
    with ask(home.lake, "select count(*) from raw.focus", home.lake.snapshot()) as found:
        assert found.fetchone() != (0,)


def test_a_region_whose_metrics_fail_keeps_its_hours_and_is_read_from_there_again(
    home: Home, cloud: SmallCloud
) -> None:
    read_inventory(home)
    read_metrics(home)
    before = home.ask_newest("from raw.metric order by all")
    cloud.unmeasured = [Failure(cloud.account, "eu-west-1", "instance", "access denied")]
    cloud.clock = NOW + 5 * HOUR
    result = read_metrics(home)
    assert f"{cloud.account} eu-west-1 instance: access denied" in str(result.metadata["failed"])
    assert home.ask_newest("from raw.metric order by all") == before
    known = "select region, until, failed from raw.read where what = 'metrics'"
    assert home.ask_newest(known) == [
        ("eu-west-1", NOW, f"{cloud.account} eu-west-1 instance: access denied")
    ]
    cloud.unmeasured = []
    read_metrics(home)
    assert cloud.asked[-1] == (NOW - 3 * HOUR, NOW + 5 * HOUR)
    assert home.ask_newest(known) == [("eu-west-1", NOW + 5 * HOUR, None)]


def test_after_a_long_pause_only_the_days_that_are_judged_are_fetched(
    home: Home, cloud: SmallCloud
) -> None:
    read_inventory(home)
    read_metrics(home)
    cloud.clock = NOW + timedelta(days=100)
    read_metrics(home)
    assert cloud.asked[-1] == (cloud.clock - timedelta(days=32), cloud.clock)


def test_metrics_that_fail_midway_change_nothing(home: Home, cloud: SmallCloud) -> None:
    read_inventory(home)
    read_metrics(home)
    before = home.ask_newest("from raw.metric order by all")
    cloud.failing = {"metrics"}
    result = read_metrics(home)
    assert "small" in result.metadata["failed"]
    assert home.ask_newest("from raw.metric order by all") == before


def test_an_unchanged_bill_is_not_loaded_again_and_a_new_one_replaces_it(
    home: Home, cloud: SmallCloud
) -> None:
    def load() -> int:
        result: Any = home.step(bills.bills)
        return result.metadata["dagster/row_count"]

    total = "select sum(EffectiveCost) from raw.focus"
    assert load() == 2 * DAYS
    assert load() == 0
    assert home.ask_newest(total) == [(Decimal("2.50") * DAYS,)]
    write_bill(cloud.bill, cloud.account, Decimal("3"))
    assert load() == 2 * DAYS
    assert home.ask_newest(total) == [(Decimal(6) * DAYS,)]


def test_a_bill_that_is_gone_from_its_source_keeps_its_lines(home: Home, cloud: SmallCloud) -> None:
    cloud.bill = cloud.bill.rename(cloud.bill.parent / "bills-of-january.csv")
    assert home.step(bills.bills).metadata["dagster/row_count"] == 2 * DAYS
    cloud.bill.unlink()
    other = cloud.bill.parent / "other.csv"
    write_bill(other, "another", Decimal("3"))
    cloud.bill = other
    result: Any = home.step(bills.bills)
    assert result.metadata["failed"] == {}
    assert home.ask_newest("select count(*) from raw.focus") == [(4 * DAYS,)]
    loaded = home.ask_newest(
        "select distinct file from raw.billing_manifest where status = 'loaded'"
    )
    assert {Path(file).name for (file,) in loaded} == {"bills-of-january.csv", "other.csv"}


def test_a_refused_bill_is_named_and_remembered(home: Home, cloud: SmallCloud) -> None:
    cloud.bill.write_text("this,is\nno,bill\n")
    result: Any = home.step(bills.bills)
    assert "small.csv" in result.metadata["failed"]["small (in part)"]
    ((failed,),) = home.ask_newest("select failed from raw.read where what = 'exports'")
    assert failed.count("small.csv") == 1, "a file is named once"


def test_what_is_owned_and_offered_is_replaced(home: Home) -> None:
    for _ in range(2):
        for asset in market.assets:
            asset(work=home.work())
    assert home.ask_newest("select read_by, vcpus from raw.offer where read_by is not null") == [
        ("small", 2.0)
    ]
    assert home.ask_newest("select source, amount from raw.invoice") == [
        ("small", Decimal("77.50"))
    ]


def test_the_packaged_catalogue_is_there_before_any_source_has_answered(
    home: Home, cloud: SmallCloud
) -> None:
    cloud.failing = {"offers", "prices"}
    for asset in market.assets:
        asset(work=home.work())
    for table, packaged in (("offer", catalogue.offers()), ("price", catalogue.prices())):
        known = f"select count(*), count(read_by) from raw.{table}"
        assert home.ask_newest(known) == [(packaged.height, 0)]


def test_unchanged_prices_are_not_written_again(home: Home) -> None:
    prices = next(asset for asset in market.assets if asset.key.path[-1] == "price")
    files = "select count(*) from ducklake_list_files('lake', 'price', schema => 'raw')"
    prices(work=home.work())
    before = home.ask_newest(files)
    prices(work=home.work())
    assert home.ask_newest(files) == before
    changed = "update raw.price set price_hour = price_hour * 2 where region = 'eu-west-1'"
    home.write(changed)
    prices(work=home.work())
    assert home.ask_newest("select sum(price_hour) from raw.price") == [
        (catalogue.prices()["price_hour"].sum(),)
    ]


def test_invoices_that_are_read_in_part_are_neither_lost_nor_doubled(
    home: Home, cloud: SmallCloud
) -> None:
    invoices = next(asset for asset in market.assets if asset.key.path[-1] == "invoice")
    known = "select count(*), sum(amount) from raw.invoice"
    invoices(work=home.work())
    before = home.ask_newest(known)
    cloud.unbilled = [Failure("another", "", "", "access denied")]
    result: Any = invoices(work=home.work())
    assert "another: access denied" in str(result.metadata["failed"])
    assert home.ask_newest(known) == before
