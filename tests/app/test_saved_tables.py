"""Tables of the pages as they are saved as CSV: what stands there is what the page shows."""

import json
from pathlib import Path

import pytest
from estate import AS_OF
from pages import opened
from streamlit.testing.v1 import AppTest

from app.dashboard.money import WORD_JOINER
from pipelines.settings import load_settings
from warehouse.build import build
from warehouse.lake import Lake


def kind_of(app: AppTest, alt: str, column: str) -> str:
    """How the table of that description draws a column: progress, number."""
    (found,) = [one.proto for one in app.dataframe if one.proto.alt == alt]
    kind: str = json.loads(found.columns)[column]["type_config"]["type"]
    return kind


def test_a_spreadsheet_takes_no_name_of_a_table_for_a_formula() -> None:
    def script() -> None:
        import polars as pl
        import streamlit as st

        from app.dashboard import page

        names = ["=1+1", "@acme/web", "-x", "web", None]
        frame = pl.DataFrame({"name": names, "cost": [-1.5, 2, 3, 4, 5]})
        page.table(frame, key="t", alt="t", columns={"name": st.column_config.TextColumn("Name")})

    shown = AppTest.from_function(script).run().dataframe[0].value
    names = [WORD_JOINER + "=1+1", WORD_JOINER + "@acme/web", WORD_JOINER + "-x", "web", None]
    assert [one if isinstance(one, str) else None for one in shown["name"]] == names
    assert shown["cost"].to_list() == [-1.5, 2, 3, 4, 5]


def test_money_in_a_saved_table_names_its_currency() -> None:
    """A table is saved by the names of its columns, not by their labels."""

    def script() -> None:
        import polars as pl

        from app.dashboard import page

        frame = pl.DataFrame({"cost": [1, 2], "days": [3, 4]})
        page.table(frame, key="t", alt="t", columns={"cost": page.money_column("Cost", "USD")})

    (shown,) = AppTest.from_function(script).run().dataframe
    assert shown.value["cost_USD"].to_list() == [1, 2]
    assert json.loads(shown.proto.columns)["cost_USD"]["label"] == "Cost"
    assert list(shown.proto.column_order) == ["cost_USD"]


def test_what_is_spent_beyond_a_budget_is_no_bar_that_ends_at_all_of_it(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("broken") as write:
        write.connection.execute(
            "insert into models.budget by name select 'b1' as id, 'all' as name, 'USD' as currency,"
            " 'month' as period, 1000 as amount, 1964.48 as spent, date '2026-11-01' as starts_on,"
            " date '2026-12-01' as ends_on, date '2026-11-15' as made_on, 1.0 as breach_probability"
        )
        build(write.connection, AS_OF, ["marts.budget_now"])
    lake.publish(write.snapshot, AS_OF, "test", AS_OF.replace(year=2099))
    app = opened(own_demo_home, "forecasts", monkeypatch)
    alt = "Budgets with the chance that they are broken"
    (found,) = [one for one in app.dataframe if one.proto.alt == alt]
    assert found.value[["spent_USD", "spent_share"]].iloc[0].to_list() == [1964.48, 1.96448]
    assert kind_of(app, alt, "spent_share") == "number"
