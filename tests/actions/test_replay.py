"""Checks on past days see no more than was known then, and are judged by what came."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from actions import recommend
from actions.check import checks
from actions.override import Override
from actions.replay import replay
from warehouse.build import build
from warehouse.tables import SCHEMAS, schema_files

AS_OF = datetime(2026, 11, 1)
ALWAYS = datetime(2026, 1, 1)


def days_ago(number: float) -> datetime:
    return AS_OF - timedelta(days=number)


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[DuckDBPyConnection]:
    """A lake as a reader has it, and the checks of what will be put into it: disks and machines."""
    fitting = [check for check in checks() if check.kind in ("disk", "instance")]
    monkeypatch.setattr(recommend, "checks", lambda: fitting)
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as lake; use lake")
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        for ddl in schema_files().values():
            connection.execute(ddl)
        yield connection


def look(
    connection: DuckDBPyConnection, name: str, since: datetime, until: datetime | None = None,
    **more: Any,
) -> None:  # fmt: skip
    row = {
        "source": "s", "cloud": "aws", "account": "a", "region": "r", "resource_id": name,
        "kind": "disk", "state": "available", "size_gib": 10.0, "created_at": ALWAYS,
        "config": "{}", "tags": "{}", "valid_from": since, "valid_to": until, **more,
    }  # fmt: skip
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"insert into raw.resource ({', '.join(row)}) values ({marks})", list(row.values())
    )


def bill(
    connection: DuckDBPyConnection, name: str, until: datetime = AS_OF, days: int = 60
) -> None:
    """One unit a day for so many days."""
    connection.execute(
        "insert into raw.focus (x_cloud, x_source, BillingAccountId, SubAccountId, ResourceId,"
        " ServiceName, BillingCurrency, ChargeCategory, ChargePeriodStart, ChargePeriodEnd,"
        " BilledCost, EffectiveCost, ListCost)"
        " select 'aws', 's', 'a', 'a', ?, 'disks', 'USD', 'Usage', d, d + interval 1 day, 1, 1, 1"
        " from (select ?::timestamp - to_days(range::integer + 1) as d from range(?))"
        " where d < ?::timestamp",
        [name, AS_OF, days, until],
    )


def replayed(lake: DuckDBPyConnection, days: int, **more: Any) -> dict[str, dict[str, Any]]:
    build(lake, AS_OF)
    found = replay(lake, as_of=AS_OF, days=days, **more)
    assert lake.execute("select current_database()").fetchone() == ("lake",)
    return {row["resource_id"]: row for row in found.iter_rows(named=True)}


def test_each_finding_is_judged_by_what_became_of_it(lake: DuckDBPyConnection) -> None:
    off = days_ago(90)
    look(lake, "stays", off, state_since=off)
    look(lake, "used-again", off, days_ago(5), state_since=off)
    look(lake, "used-again", days_ago(5), state="in_use", attached_to="i-1")
    look(lake, "deleted", off, days_ago(3), state_since=off)
    look(lake, "in-use", off, state="in_use", attached_to="i-1")
    for name in ("stays", "used-again", "in-use"):
        bill(lake, name)
    bill(lake, "deleted", days_ago(3))
    found = replayed(lake, days=8)
    assert {name: row["outcome"] for name, row in found.items()} == {
        "stays": "held", "used-again": "broken", "deleted": "made",
    }  # fmt: skip
    assert {row["first_day"] for row in found.values()} == {days_ago(8)}
    assert found["used-again"]["broken_on"] == days_ago(5)
    assert found["deleted"]["made_on"] == days_ago(3)
    # A unit a day from the day after it was said, up to the last bill or the day it broke.
    saved = {name: (row["days_billed"], row["saved_high"]) for name, row in found.items()}
    assert saved == {"stays": (7, Decimal(7)), "used-again": (2, Decimal(2)),
                     "deleted": (4, Decimal(4))}  # fmt: skip


def test_nothing_is_said_before_it_was_known(lake: DuckDBPyConnection) -> None:
    look(lake, "seen-late", days_ago(4))  # nobody says since when: 30 days from then on
    look(lake, "long-so", days_ago(4), state_since=days_ago(40))
    look(lake, "since-lately", days_ago(4), state_since=days_ago(35))
    for name in ("seen-late", "long-so", "since-lately"):
        bill(lake, name)
    found = replayed(lake, days=12)
    assert found.keys() == {"long-so", "since-lately"}
    assert found["long-so"]["first_day"] == days_ago(10)
    assert found["since-lately"]["first_day"] == days_ago(5)


def test_what_is_said_on_the_last_day_is_new(lake: DuckDBPyConnection) -> None:
    look(lake, "new", days_ago(30), state_since=days_ago(30))
    bill(lake, "new")
    found = replayed(lake, days=2)["new"]
    assert (found["outcome"], found["saved_high"]) == ("new", 0)


@pytest.mark.parametrize("read_first", [60, 1])
def test_a_machine_that_works_again_would_have_been_broken(
    lake: DuckDBPyConnection, read_first: int
) -> None:
    look(lake, "i-1", days_ago(read_first), kind="instance", state="running", sku="m5.large",
         state_since=days_ago(60))  # fmt: skip
    bill(lake, "i-1")
    for metric, idle, busy in (("cpu_percent", 1, 90), ("network_bytes_s", 10, 1e6)):
        lake.execute(
            "insert into raw.metric (source, cloud, account, region, resource_id, metric, hour,"
            " avg, max, p95, p99, samples) select 's', 'aws', 'a', 'r', 'i-1', ?, h, v, v, v, v,"
            " 12 from (select ?::timestamp - to_hours(range::integer + 1) as h,"
            " if(range < 72, ?, ?) as v from range(768))",
            [metric, AS_OF, busy, idle],
        )
    lake.execute(
        "insert into raw.read (source, what, cloud, account, read_at, until)"
        " values ('s', 'metrics', 'aws', 'a', ?, ?)",
        [AS_OF, AS_OF],
    )
    found = replayed(lake, days=5)["i-1"]
    assert (found["check"], found["verb"]) == ("idle_instance", "stop")
    assert found["outcome"] == "broken"
    assert days_ago(3) < found["broken_on"] <= days_ago(2)


def test_other_parameters_are_replayed(lake: DuckDBPyConnection) -> None:
    look(lake, "disk", days_ago(90), state_since=days_ago(25))
    bill(lake, "disk")
    assert replayed(lake, days=4) == {}
    tried = [Override("unattached_disk", {}, {"days": 14})]
    found = replay(lake, as_of=AS_OF, days=20, every=5, overrides=tried)
    assert found["first_day"].to_list() == [days_ago(10)]


def test_all_days_count_however_long_ago_it_was_said(lake: DuckDBPyConnection) -> None:
    look(lake, "disk", days_ago(300), state_since=days_ago(300))
    bill(lake, "disk", days=200)
    found = replayed(lake, days=150, every=50)["disk"]
    assert (found["first_day"], found["outcome"]) == (days_ago(150), "held")
    assert (found["days_billed"], found["saved_high"]) == (149, Decimal(149))


def test_what_another_change_takes_the_place_of_saves_no_more(lake: DuckDBPyConnection) -> None:
    look(lake, "disk", days_ago(90), days_ago(40), sku="gp2", state="in_use", attached_to="i-1")
    look(lake, "disk", days_ago(40), sku="gp2", state_since=days_ago(40))
    bill(lake, "disk", days=90)
    build(lake, AS_OF)
    found = {row["check"]: row for row in replay(lake, as_of=AS_OF, days=20).iter_rows(named=True)}
    assert found["gp2_volume"]["first_day"] == days_ago(20)
    assert found["unattached_disk"]["first_day"] == days_ago(10)
    # From the day on which the disk is to be deleted its kind saves nothing any more.
    assert found["gp2_volume"]["days_billed"] == 9
    assert found["unattached_disk"]["days_billed"] == 9


def test_what_was_not_said_on_one_day_and_broke_later_is_counted_to_that_day(
    lake: DuckDBPyConnection,
) -> None:
    look(lake, "disk", days_ago(90), days_ago(10), state_since=days_ago(90))
    look(lake, "disk", days_ago(5), state="in_use", attached_to="i-1")
    bill(lake, "disk")
    found = replayed(lake, days=20)["disk"]
    assert (found["made_on"], found["broken_on"]) == (days_ago(10), days_ago(5))
    assert (found["outcome"], found["days_billed"]) == ("made", 9)
