"""Units of work: what one of them costs, by the SQL in the settings."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from home import Home, home_at

from pipelines.allocation_settings import AllocationSettings, UnitSettings
from pipelines.assets.unit_quantities import count
from pipelines.errors import BrokenUnit

UNITS = {
    "units": [
        {"name": "request", "sql": "select date '2026-03-01' as day, 50 as quantity union all"
                                   " select date '2026-03-02', 200.5;"},
        {"name": "build", "sql": "select date '2026-03-01' as day, 'web' as team, 10 as quantity"},
        {"name": "nothing", "sql": "select date '2026-03-01' as day, 0 as quantity"},
        {"name": "deploy", "sql": "select date '2026-03-01' as day, 'nobody' as team,"
                                  " 3 as quantity"},
        {"name": "refund", "sql": "select date '2026-03-01' as day, -5 as quantity"},
        {"name": "typo", "sql": "select dya from raw.metric"},
        {"name": "nameless", "sql": "select 1 as one"},
        {"name": "nosy", "sql": "select 1 as quantity, content as day from read_text('/etc/x')"},
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = home_at(tmp_path_factory.mktemp("units"), "small")
    file = home.settings.home / "it's customers.csv"
    file.write_text("day,team,quantity\n2026-03-01,web,4\n2026-03-02, web ,1\n2026-03-02,,\n")
    missing = {"name": "gone", "file": str(file.with_name("none.csv"))}
    units = [*UNITS["units"], {"name": "customer", "file": str(file)}, missing]
    allocation = AllocationSettings.model_validate({"units": units})
    home.settings = home.settings.model_copy(update={"allocation": allocation})
    return home


def test_a_unit_costs_what_is_paid_on_the_days_that_have_it(home: Home) -> None:
    report = home.run()
    query = "select unit, team, currency, days, quantity, cost, unit_cost from marts.unit_cost"
    found = {row[0]: row[1:] for row in home.ask(query)}
    # two lines of 1.25 a day, one of them of the team web
    assert found["request"] == (None, "USD", 2, Decimal("250.5"), 5, Decimal("0.019960079840"))
    assert found["build"] == ("web", "USD", 1, 10, Decimal("1.25"), Decimal("0.125"))
    assert found["nothing"] == (None, "USD", 1, 0, Decimal("2.5"), None)
    assert found["customer"] == ("web", "USD", 2, 5, Decimal("2.5"), Decimal("0.5"))
    assert set(found) == {"request", "build", "nothing", "customer"}
    (step,) = [step for step in report.steps if step.name == "models/unit_quantity"]
    assert (step.status, step.rows) == ("failed", 7)
    assert step.reason is not None
    assert "unit typo" in step.reason
    assert "found the columns one" in step.reason
    assert "unit nosy" in step.reason
    assert "unit gone" in step.reason
    assert "unit deploy: no cost is allocated to the team nobody" in step.reason
    assert "found the quantity -5 on 2026-03-01" in step.reason
    assert home.ask("select min(day) from models.unit_quantity") == [(date(2026, 3, 1),)]


def test_without_units_there_is_nothing_and_no_failure(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    report = home.run()
    assert report.ok, [step for step in report.steps if step.status == "failed"]
    assert home.ask("from models.unit_quantity") == []


def counted(rows: str, folder: Path) -> pl.DataFrame:
    file = folder / "builds.csv"
    file.write_text(f"day,team,quantity\n{rows}")
    return count(duckdb.connect(), UnitSettings(name="build", file=file))


@pytest.mark.parametrize(
    ("rows", "row", "day"),
    [
        ("10/08/2026,a,1\n", 1, "'10/08/2026'"),  # which of two days it is nobody can tell
        ("2026-08-09,a,1\n08/13/2026,a,1\n", 2, "'08/13/2026'"),
        ("2026-08-09,a,1\n2026-02-30,a,1\n", 2, "'2026-02-30'"),
        ("20260809,a,1\n", 1, "'20260809'"),
        ("2026-08-09T25:00,a,1\n", 1, "'2026-08-09T25:00'"),
    ],
)
def test_a_day_that_is_not_iso_is_refused_not_guessed(
    rows: str, row: int, day: str, tmp_path: Path
) -> None:
    with pytest.raises(BrokenUnit) as raised:
        counted(rows, tmp_path)
    said = f"builds.csv, row {row} after the header: found the day {day}, expected a day such as"
    assert said in str(raised.value)


def test_a_quantity_without_a_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenUnit, match="row 2 after the header: found no day"):
        counted('2026-08-09,a,1\n,a,2\n,a,""\n', tmp_path)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-08-09", 9),
        (" 2026-08-09 ", 9),
        ("2026-08-09 23:59", 9),
        ("2026-08-09T23:59:59.5Z", 9),
        ("2026-08-09T23:00Z", 9),
        ("2026-08-09T23:00-05:00", 10),  # days are of UTC, as those of bills
        ("2026-08-09 01:00:00+02", 8),
    ],
)
def test_an_iso_time_counts_on_its_day_in_utc(text: str, day: int, tmp_path: Path) -> None:
    assert counted(f'{text},007,1.5\n2026-08-01,a,""\n,a,\n', tmp_path).rows() == [
        ("build", date(2026, 8, day), "007", Decimal("1.5"))
    ]


def test_a_query_may_end_with_a_comment() -> None:
    unit = UnitSettings(name="one", sql="select date '2026-03-01' as day, 3 as quantity -- done")
    with duckdb.connect() as connection:
        assert count(connection, unit)["quantity"].to_list() == [3]


def test_a_query_that_gives_no_day_is_refused() -> None:
    unit = UnitSettings(name="lost", sql="select null::date as day, 3 as quantity")
    with duckdb.connect() as connection, pytest.raises(BrokenUnit, match="without a day"):
        count(connection, unit)
