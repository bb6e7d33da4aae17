"""Units of work: what one of them costs, by the SQL in the settings."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from home import Home, home_at

from pipelines.allocation_settings import AllocationSettings

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
    file.write_text("day,team,quantity\n2026-03-01,web,4\n2026-03-02,web,1\n2026-03-02,,\n")
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
