"""What pages call a month that has just begun or ended, or in which credits outweigh costs."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from estate import line, warehouse
from pages import opened

from app.dashboard import data, money
from pipelines.settings import load_settings
from warehouse.build import build
from warehouse.lake import Lake


def publish_as_of(home: Path, as_of: datetime, billed_until: datetime) -> None:
    """What is published at that time with bills up to then."""
    lake = Lake(load_settings(home))
    with lake.write("an earlier day") as write:
        late = f"ChargePeriodStart >= timestamp '{billed_until}'"
        write.connection.execute(f"delete from raw.focus where {late}")
        build(write.connection, as_of)
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))


@pytest.mark.parametrize(
    ("as_of", "billed_until", "month", "whole"),
    [
        (datetime(2026, 11, 1, 6), datetime(2026, 10, 30), "September", False),
        (datetime(2026, 11, 2, 6), datetime(2026, 10, 31), "September", False),
        (datetime(2026, 11, 3, 6), datetime(2026, 11, 2), "October", True),
    ],
)
def test_a_month_that_just_ended_is_whole_only_when_it_is_billed_to_its_end(
    as_of: datetime,
    billed_until: datetime,
    month: str,
    whole: bool,
    own_demo_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_as_of(own_demo_home, as_of, billed_until)
    app = opened(own_demo_home, "costs", monkeypatch)
    assert not app.exception
    (label,) = [one.label for one in app.expander if one.label.startswith("Why ")]
    assert label.startswith(f"Why {month} cost")
    app = app.switch_page("views/teams.py").run()
    app.selectbox(key="teams_month_USD").set_value(date(2026, 10, 1)).run()
    assert not app.exception
    assert app.metric[3].delta == ("whole month" if whole else "so far")
    app = app.switch_page("views/overview.py").run()
    assert not app.exception


def test_the_month_of_the_first_bills_is_compared_with_nothing(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of = datetime(2026, 11, 1, 12)
    lake = Lake(load_settings(own_demo_home))
    with lake.write("begun today") as write:
        write.connection.execute(
            "delete from raw.focus where ChargePeriodStart < timestamp '2026-11-01'"
            " or BillingPeriodStart < timestamp '2026-11-01'"
        )
        build(write.connection, as_of)
    lake.publish(write.snapshot, as_of, "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "overview", monkeypatch)
    assert not app.exception
    nothing = "There are no bills of October, so that nothing can be compared with it."
    assert nothing in [one.value for one in app.caption]
    assert "No day of the last 90 is billed to its end" in " ".join(o.value for o in app.markdown)
    app = app.switch_page("views/forecasts.py").run()
    assert not app.exception
    assert nothing in [one.value for one in app.caption]


def test_a_month_of_credits_has_no_percentages(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("credits") as write:
        this_month = "BillingPeriodStart = timestamp '2026-11-01'"
        write.connection.execute(
            f"update raw.focus set EffectiveCost = -abs(EffectiveCost) where {this_month}"
        )
        build(write.connection, datetime(2026, 11, 16))
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "overview", monkeypatch)
    assert not app.exception
    shown = {one.label: one for one in app.metric}
    assert shown["Month to date"].value.startswith("-")
    assert not shown["Month to date"].delta
    assert shown["Unallocated"].value == money.percent(None)
    assert not shown["Unallocated"].delta
    app = app.switch_page("views/teams.py").run()
    assert not app.exception
    assert not app.metric[0].delta


@pytest.mark.parametrize(
    ("credit", "shares"),
    [("-10", [1.5, -0.5]), ("-30", [None, None]), ("-90", [None, None])],
)
@pytest.mark.parametrize("query", ["cost_groups", "cost_groups_by_tag"])
def test_shares_are_of_what_is_left_after_credits(
    query: str, credit: str, shares: list[float | None]
) -> None:
    lines = [
        line("2026-02-01", "30", ServiceName="EC2", ResourceId="i-1", Tags='{"team": "web"}'),
        line("2026-02-01", credit, ServiceName="Credit", ResourceId="i-2"),
    ]  # fmt: skip
    connection = warehouse(raw_focus=lines)
    build(connection, datetime(2026, 3, 20))
    names = dict.fromkeys(("clouds", "accounts", "services", "regions", "categories"))
    asked: dict[str, Any] = names | {
        "currency": "USD", "first": date(2026, 2, 1), "until": date(2026, 3, 1),
        "before": date(2026, 1, 1), "split": "service", "measure": "effective", "tag_key": "team",
    }  # fmt: skip
    found = connection.execute(data.statement(query, **asked)).pl()
    assert found["share"].to_list() == shares


def test_a_forecast_from_old_bills_is_called_by_the_months_it_is_of(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    long_after = datetime(2027, 2, 10)
    lake.publish(lake.published().snapshot, long_after, "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "forecasts", monkeypatch)
    assert not app.exception
    assert [one.label for one in app.metric][:3] == ["November 2026", "Q4 2026", "2026"]
    assert app.metric[3].label.startswith("30 days from ")
    assert "What changes against October" in [one.value for one in app.subheader]
    told = call("forecasts", home=own_demo_home).stdout
    assert "November 2026" in told
    assert "this month" not in told


def test_the_forecast_of_old_bills_is_drawn_after_what_was_spent(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_as_of(own_demo_home, datetime(2027, 2, 10), datetime(2026, 11, 16))
    app = opened(own_demo_home, "overview", monkeypatch)
    assert not app.exception
    drawn: list[Any] = [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]
    lines = {line.get("name") for chart in drawn for line in chart}
    assert {"Spent", "Expected"} <= lines


def test_on_the_first_days_of_a_month_the_forecast_is_called_by_the_month_it_is_of() -> None:
    connection = warehouse(
        raw_focus=[line("2026-01-09", "70"), line("2026-02-26", "90")],
        models_forecast_total=[{
            "horizon": "month_end", "level": "total", "currency": "USD", "mean": 100.0,
            "lo80": 90.0, "hi80": 110.0, "starts_on": date(2026, 2, 1),
        }],
    )  # fmt: skip
    build(connection, datetime(2026, 3, 1, 12))
    found = connection.execute(data.statement("kpis", currency="USD")).pl().row(0, named=True)
    assert (found["month"], found["forecast_month"]) == (date(2026, 3, 1), date(2026, 2, 1))
    assert (found["month_end_mean"], found["before_forecast"]) == (100.0, 70)
