"""Pages call an account by its name, whatever they show of it."""

from datetime import date
from importlib.resources import files
from typing import Any

from estate import AS_OF, line, rows, warehouse

from warehouse.build import build

MARCH = {
    "currency": "USD", "first": date(2026, 3, 1), "until": date(2026, 4, 1),
    "before": date(2026, 2, 1), "split": "account", "measure": "effective", "most": 9,
}  # fmt: skip
LISTS = ("clouds", "accounts", "services", "regions", "categories")


def found(query: str, **tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a query of the dashboard in March, over a small warehouse."""
    connection = warehouse(**tables)
    build(connection, AS_OF)
    for name in LISTS:
        connection.execute(f"set variable {name} = null::varchar[]")
    for name, value in MARCH.items():
        connection.execute(f"set variable {name} = ?", [value])
    return rows(connection, (files("app.dashboard") / "queries" / f"{query}.sql").read_text())


def billed(account: str, name: str | None, day: str = "2026-03-02") -> dict[str, Any]:
    return line(day, "1", SubAccountId=account, SubAccountName=name, ResourceId=f"i-{account}")


def test_a_resource_is_in_an_account_of_that_name() -> None:
    shown = found("cost_resources", raw_focus=[billed("1", "web"), billed("2", None)])
    assert {row["account"]: row["account_name"] for row in shown} == {"1": "web", "2": "2"}


def test_accounts_of_one_name_are_told_apart() -> None:
    shown = found("cost_groups", raw_focus=[
        billed("1", "web"), billed("2", "web"), billed("3", "data"), billed("4", None),
    ])  # fmt: skip
    assert {row["split"]: row["label"] for row in shown} == {
        "1": "web (1)", "2": "web (2)", "3": "data", "4": None,
    }  # fmt: skip


def test_a_renamed_account_is_one_choice() -> None:
    shown = found("cost_filters", raw_focus=[
        billed("1", "web"), billed("1", "shop", "2026-03-03"),
    ])  # fmt: skip
    assert [row["account_name"] for row in shown] == ["shop"]


def test_a_budget_names_its_account_also_without_a_cloud() -> None:
    budget = {"currency": "USD", "account": "1", "amount": 5, "ends_on": date(2026, 4, 1),
              "made_on": date(2026, 3, 19)}  # fmt: skip
    shown = found("budgets", raw_focus=[billed("1", "web")], models_budget=[
        {**budget, "name": "a"}, {**budget, "name": "b", "cloud": "aws"},
        {**budget, "name": "c", "cloud": "gcp"},
    ])  # fmt: skip
    assert {row["name"]: row["scope"] for row in shown} == {
        "a": "web", "b": "aws / web", "c": "gcp / 1",
    }  # fmt: skip
