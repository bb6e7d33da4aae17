"""Budgets in the ledger: set, replaced, ended, and guarded by the audit log."""

from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text, update
from staff import NOW, Office

from actions import audit
from actions.budget import SCHEMA, Scope, budgets, end_budget, set_budget
from actions.errors import BadBudget, Unknown
from actions.ledger import NEWEST, open_ledger
from actions.tables import budget as table
from warehouse.tables import schema_files


def given(office: Office, name: str = "all", **more: object) -> str:
    facts = {"amount": Decimal(1000), "currency": "USD", "period": "month", "actor": "ann",
             "now": NOW, **more}  # fmt: skip
    scope = facts.pop("scope", Scope())
    return set_budget(office.ledger, name, scope, **facts)  # pyright: ignore[reportArgumentType]


def test_a_budget_holds_until_it_is_ended(office: Office) -> None:
    exact = Decimal("12345678901234567.000000000000000001")
    first = given(office, scope=Scope("aws", service="AmazonEC2"), amount=exact)
    second = given(office, "eu", currency="eur", period="year", now=NOW + timedelta(hours=1))
    rows = budgets(office.ledger).to_dicts()
    assert [row["id"] for row in rows] == [first, second]
    assert rows[0]["amount"] == exact
    assert (rows[0]["cloud"], rows[0]["account"], rows[0]["service"]) == ("aws", None, "AmazonEC2")
    assert (rows[1]["currency"], rows[1]["period"]) == ("EUR", "year")
    end_budget(office.ledger, "eu", actor="ann", now=NOW)
    assert end_budget(office.ledger, first, actor="ann", now=NOW)["name"] == "all"
    assert budgets(office.ledger).is_empty()
    assert audit.verify(office.ledger).ok


def test_a_budget_of_the_same_name_replaces_the_one_before(office: Office) -> None:
    first = given(office)
    second = given(office, amount=Decimal(2000))
    assert [(row["id"], row["amount"]) for row in budgets(office.ledger).to_dicts()] == [
        (second, Decimal(2000))
    ]
    ended = [event for event in audit.events(office.ledger) if event.action == "budget.end"]
    assert [(event.subject, event.details["replaced_by"]) for event in ended] == [(first, second)]
    assert audit.verify(office.ledger).ok


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount": Decimal(0)}, "above 0"),
        ({"scope": Scope(account="")}, "The account is empty"),
        ({"scope": Scope(service=" ")}, "The service is empty"),
        ({"amount": Decimal(-5)}, "above 0"),
        ({"amount": Decimal("NaN")}, "above 0"),
        ({"amount": Decimal("1e18")}, "below 10"),
        ({"amount": Decimal("1.0000000000000000001")}, "18 digits"),
        ({"currency": "dollars"}, "three letters"),
        ({"currency": "€"}, "three letters"),
        ({"period": "week"}, "month, quarter, year"),
        ({"name": "  "}, "name"),
        ({"name": "b7"}, "looks like the id"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_nothing_is_written(
    office: Office, wrong: dict[str, object], said: str
) -> None:
    before = audit.verify(office.ledger)
    with pytest.raises(BadBudget, match=said):
        given(office, **{"name": "all", **wrong})  # pyright: ignore[reportArgumentType]
    assert budgets(office.ledger).is_empty()
    assert audit.verify(office.ledger) == before


def test_an_unknown_budget_names_those_that_hold(office: Office) -> None:
    given(office, "company")
    with pytest.raises(Unknown, match="company"):
        end_budget(office.ledger, "nothing", actor="ann", now=NOW)


def test_the_audit_sees_an_amount_that_was_altered_behind_its_back(office: Office) -> None:
    identity = given(office)
    with office.ledger.write() as connection:
        connection.execute(
            update(table).where(table.c.id == identity).values(amount=Decimal(999_999))
        )
    found = audit.verify(office.ledger)
    assert not found.ok
    assert "budget" in (found.reason or "")


def test_the_columns_are_those_of_the_lake() -> None:
    ddl = schema_files()["actions.budget"].splitlines()[2:-1]
    assert list(SCHEMA) == [line.split()[0] for line in ddl]


def test_a_ledger_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    path = tmp_path / "ledger.sqlite"
    config = Config()
    config.set_main_option("script_location", str(files("actions") / "migrations"))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(insert(audit.setting).values(name="kept", value="yes"))
    ledger = open_ledger(f"sqlite:///{path}")
    with ledger.read() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == NEWEST
        assert connection.scalar(text("select value from setting where name = 'kept'")) == "yes"
    assert budgets(ledger).is_empty()
    ledger.close()
