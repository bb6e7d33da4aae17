"""Pages call an account by its name, whatever they show of it."""

from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from estate import AS_OF, line, rows, warehouse
from pages import opened

from app.dashboard import money
from app.dashboard.page import account_labels
from pipelines.settings import load_settings
from warehouse.build import build
from warehouse.lake import Lake

MARCH = {
    "currency": "USD", "first": date(2026, 3, 1), "until": date(2026, 4, 1),
    "before": date(2026, 2, 1), "split": "account", "measure": "effective", "most": 9,
    "resource_id": None, "tag_key": None, "tag_value": None,
}  # fmt: skip
LISTS = ("clouds", "accounts", "services", "regions", "categories")


def found(
    query: str, asked: Mapping[str, Any] = MARCH, **tables: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of a query of the dashboard in March, over a small warehouse."""
    connection = warehouse(**tables)
    build(connection, AS_OF)
    for name in LISTS:
        connection.execute(f"set variable {name} = null::varchar[]")
    for name, value in {**MARCH, **asked}.items():
        connection.execute(f"set variable {name} = ?", [value])
    return rows(connection, (files("app.dashboard") / "queries" / f"{query}.sql").read_text())


def billed(account: str, name: str | None, day: str = "2026-03-02") -> dict[str, Any]:
    return line(day, "1", SubAccountId=account, SubAccountName=name, ResourceId=f"i-{account}")


def test_a_resource_is_in_an_account_of_that_name() -> None:
    shown = found("cost_resources", raw_focus=[billed("1", "web"), billed("2", None)])
    assert {row["account"]: row["account_name"] for row in shown} == {"1": "web", "2": "2"}


def test_accounts_of_one_name_are_told_apart() -> None:
    lines = [billed("1", "web"), billed("2", "web"), billed("3", "data"), billed("4", None)]
    assert labels(lines) == {
        "aws/1": "web (1)", "aws/2": "web (2)", "aws/3": "data", "aws/4": "4",
    }  # fmt: skip


def test_accounts_of_one_id_in_two_clouds_are_two() -> None:
    lines = [billed("1", None), {**billed("1", None), "x_cloud": "gcp", "EffectiveCost": 7}]
    assert labels(lines) == {"aws/1": "1 (AWS, 1)", "gcp/1": "1 (Google Cloud, 1)"}
    for query in ("cost_groups", "cost_per_month", "cost_per_day"):
        shown = found(query, raw_focus=lines)
        assert {row["split"]: row["cost"] for row in shown} == {"aws/1": 1, "gcp/1": 7}, query


@pytest.mark.parametrize(
    "query",
    ["cost_groups", "cost_per_month", "cost_per_day", "cost_resources", "focus_lines",
     "focus_files"],
)  # fmt: skip
def test_the_filter_of_an_account_takes_that_of_its_cloud(query: str) -> None:
    lines = [billed("1", None), {**billed("1", None), "x_cloud": "gcp", "EffectiveCost": 7}]
    (row,) = found(query, {"accounts": ["gcp/1"]}, raw_focus=lines)
    costs = [row[name] for name in ("cost", "effective_cost", "EffectiveCost") if name in row]
    assert costs == [7]


def labels(lines: list[dict[str, Any]]) -> dict[str, str]:
    return account_labels(pl.DataFrame(found("billed_accounts", raw_focus=lines)))


def test_a_renamed_account_is_one_choice() -> None:
    assert labels([billed("1", "web"), billed("1", "shop", "2026-03-03")]) == {"aws/1": "shop"}


def test_a_forecast_is_of_the_account_of_its_cloud(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("one id in two clouds") as write:
        chosen = write.connection.execute(
            "select cloud, any_value(account) from models.forecast_total"
            " where level = 'account' and currency = 'USD' group by all order by cloud limit 2"
        ).fetchall()
        for place in chosen:
            for table in ("forecast_total", "forecast_scope", "forecast"):
                write.connection.execute(
                    f"update models.{table} set account = 'shared' where cloud = ? and account = ?",
                    place,
                )
        means = dict(write.connection.execute(
            "select cloud, mean from models.forecast_total where account = 'shared'"
            " and level = 'account' and horizon = 'month_end' and currency = 'USD'"
        ).fetchall())  # fmt: skip
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "forecasts", monkeypatch)
    assert len(means) == 2
    for cloud, mean in means.items():
        app.selectbox(key="forecasts_account").set_value(f"{cloud}/shared").run()
        assert not app.exception
        assert app.metric[0].value == money.markdown(money.short(mean, "USD"))


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


def test_a_budget_of_an_id_that_two_clouds_have_names_both_accounts() -> None:
    budget = {"currency": "USD", "account": "1", "name": "a", "amount": 5,
              "ends_on": date(2026, 4, 1), "made_on": date(2026, 3, 19)}  # fmt: skip
    lines = [billed("1", "web"), {**billed("1", "shop"), "x_cloud": "gcp"}]
    (shown,) = found("budgets", raw_focus=lines, models_budget=[budget])
    assert shown["scope"] == "shop and web"
