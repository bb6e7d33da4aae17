"""What the page says about an incident: how sure, how bad, what to do, and its drawings."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from app.dashboard import charts, incident_charts
from app.dashboard import incident_words as words

FIRST = {"name": "i-1", "changes": None}


@pytest.mark.parametrize(
    ("score", "text"),
    [(30.0, "certain (30"), (7.0, "very likely (7"), (1.0, "grew for weeks"), (None, None)],
)
def test_how_sure_goes_with_the_score(score: float | None, text: str | None) -> None:
    said = words.how_sure(score)
    assert said is None if text is None else said is not None and text in said


@pytest.mark.parametrize("cause", ["quantity", "price", "mix", "new", "gone", "unknown"])
def test_every_cause_has_a_next_step_that_names_it(cause: str) -> None:
    incident = {"is_expected": False, "cause": cause, "direction": "up"}
    assert "**i-1**" in " ".join(words.next_steps(incident, FIRST))


def test_a_change_of_the_time_is_asked_about_first() -> None:
    incident = {"is_expected": False, "cause": "quantity", "direction": "up"}
    steps = words.next_steps(incident, {**FIRST, "changes": "2026-03-01: instance resized"})
    assert "instance resized" in steps[0]


def test_a_name_in_a_step_is_no_markup() -> None:
    incident = {"is_expected": False, "cause": "new", "direction": "up"}
    first = {"name": "a*[b](c:d)", "changes": "2026-03-01: `x` resized"}
    steps = words.next_steps(incident, first)
    assert r"\`x\` resized" in steps[0]
    assert r"**a\*\[b\](c\:d)**" in steps[1]


def test_what_is_over_is_not_to_be_stopped() -> None:
    incident = {"is_expected": False, "cause": "quantity", "direction": "up", "state": "just ended"}
    steps = " ".join(words.next_steps(incident, FIRST))
    assert "is over" in steps
    assert "each day" not in steps


def test_what_was_expected_asks_for_nothing() -> None:
    (step,) = words.next_steps({"is_expected": True, "cause": "new", "direction": "up"}, FIRST)
    assert step.startswith("Nothing")


@pytest.mark.parametrize(
    ("direction", "said"), [("up", "more of api-logs"), ("down", "less of api-logs")]
)
def test_the_cause_in_a_few_words(direction: str, said: str) -> None:
    row = {"cause": "quantity", "direction": direction, "cause_name": None,
           "cause_value": "arn:aws:logs:eu-west-1:1:log-group:/acme/api-logs"}  # fmt: skip
    assert words.cause(row) == said


def test_severity_says_what_it_is_measured_by() -> None:
    assert words.severity("high", 0.35, "USD") == "high (35% of a day of all USD cost)"
    assert words.severity("critical", 2.5, "EUR") == "critical (2.5 days of all EUR cost)"
    assert words.severity("low", None, "USD") == "low"


def test_the_waterfall_ends_at_what_it_cost() -> None:
    steps = pl.DataFrame({
        "label": ["Expected", "i-1", "Everything else", "Actual"],
        "amount": [100.0, 60.0, -10.0, 150.0],
    })  # fmt: skip
    figure: Any = incident_charts.steps(steps, currency="USD")
    (bars,) = figure.data
    assert list(bars.measure) == ["absolute", "relative", "relative", "total"]
    assert sum(bars.y[:3]) == bars.y[3]
    assert bars.text[0] == "$100"
    assert bars.text[2].startswith("-$10")


def test_the_abnormal_days_are_marked_and_unknown_ones_left_open() -> None:
    days = pl.DataFrame({
        "day": [date(2026, 3, 1) + timedelta(days=k) for k in range(3)],
        "actual": [10.0, 30.0, None], "expected": [10.0, 11.0, 11.0],
        "is_abnormal": [False, True, False],
    })  # fmt: skip
    figure: Any = incident_charts.days(days, currency="USD")
    marked = next(trace for trace in figure.data if trace.name == "Abnormal days")
    assert list(marked.y) == [30.0]
    actual = next(trace for trace in figure.data if trace.name == "Actual")
    assert actual.customdata[2] == "unknown"


def test_names_in_figures_are_no_markup_and_a_missing_one_is_told() -> None:
    frame = pl.DataFrame({
        "day": [date(2026, 3, 1)] * 2, "cost": [2.0, 1.0], "split": ["<b>x</b>", None],
    })  # fmt: skip
    drawn: Any = charts.stacked(frame, x="day", y="cost", split="split", currency="USD").data
    assert [(bar.name, list(bar.y)) for bar in drawn] == [
        ("&lt;b&gt;x&lt;/b&gt;", [2.0]), ("unknown", [1.0]),
    ]  # fmt: skip
