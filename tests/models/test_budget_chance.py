"""The chance that a budget is broken, and the day on which it is."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from planted import frame

from models.forecast.budget import COLUMNS, SCHEMA
from models.forecast.run import forecast
from models.forecast.totals import Span, period

MADE_ON = date(2025, 7, 20)
STEPS = 260
DAILY = 100.0


def costs(values: np.ndarray) -> pl.DataFrame:
    days = [MADE_ON - timedelta(days=values.shape[1] - k) for k in range(values.shape[1])]
    return frame(values, days)


def restless(count: int = 3, seed: int = 0) -> np.ndarray:
    """Series that cost DAILY a day each, give or take a tenth."""
    return DAILY * np.random.default_rng(seed).normal(1, 0.1, (count, STEPS))


def budgets(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {"name": "all", "currency": "USD", "period": "month"}
    filled = [{**usual, "id": f"b{k}", **row} for k, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=SCHEMA)


def judged(values: np.ndarray, *rows: dict[str, object]) -> list[dict[str, object]]:
    found = forecast(costs(values), made_on=MADE_ON, days=60, budgets=budgets(*rows)).budget
    assert found.columns == list(COLUMNS)
    return found.to_dicts()


@pytest.mark.parametrize(
    ("months", "expected"),
    [(1, (date(2025, 12, 1), date(2026, 1, 1))), (3, (date(2025, 10, 1), date(2026, 1, 1))),
     (12, (date(2025, 1, 1), date(2026, 1, 1)))],
)  # fmt: skip
def test_periods_are_those_of_the_calendar(months: int, expected: tuple[date, date]):
    assert period(date(2025, 12, 31), months) == Span(*expected)


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    """Many budgets on the same three series, by name: one forecast for all of them."""
    asked = {
        "high": {"amount": Decimal(20_000)},
        "low": {"amount": Decimal(7_000)},
        "even": {"amount": Decimal(9_400)},
        "broken": {"amount": Decimal(1_000)},
        "service": {"amount": Decimal(3_300), "service": "service-0001"},
        "cloud": {"amount": Decimal(99_999), "cloud": "aws"},
        "nothing": {"amount": Decimal(10), "cloud": "gcp"},
        "euro": {"amount": Decimal(10), "currency": "EUR"},
        "year": {"amount": Decimal(105_000), "period": "year"},
    }
    found = judged(restless(), *({"name": name, **row} for name, row in asked.items()))
    return {str(row["name"]): row for row in found}


def test_a_budget_far_above_is_kept_and_one_far_below_is_broken(rows: Any):
    high, low, even = rows["high"], rows["low"], rows["even"]
    assert high["breach_probability"] < 0.001
    assert high["breach_on"] is None
    assert low["breach_probability"] > 0.999
    # 5,700 are spent before the 20th, and 300 come each day
    assert date(2025, 7, 23) <= low["breach_on"] <= date(2025, 7, 25)
    assert 0.1 < even["breach_probability"] < 0.9
    assert high["expected"] == pytest.approx(9300, rel=0.03)
    assert high["lo95"] < high["lo80"] < high["expected"] < high["hi80"] < high["hi95"]
    this_month = costs(restless()).filter(pl.col("day") >= date(2025, 7, 1))
    assert high["spent"] == pytest.approx(this_month["cost"].sum())


def test_the_chance_is_as_often_right_as_it_says():
    """Of the services that are said to break theirs in 4 of 10 cases, 4 of 10 do."""
    count = 100
    values = DAILY * np.random.default_rng(1).normal(1, 0.3, (count, STEPS + 12))
    month = values[:, -31:].sum(axis=1)
    amounts = 31 * DAILY * np.linspace(0.96, 1.04, count)
    rows = judged(
        values[:, :STEPS],
        *({"amount": Decimal(f"{amount:.2f}"), "service": f"service-{k:04d}"}
          for k, amount in enumerate(amounts)),
    )  # fmt: skip
    said = np.array([row["breach_probability"] for row in rows], dtype=float)
    came = month > amounts
    assert said.mean() == pytest.approx(came.mean(), abs=0.1)
    assert np.mean((said - came) ** 2) < 0.21, "hardly better than a coin"


def test_what_is_broken_already_says_since_when(rows: Any):
    assert rows["broken"]["breach_probability"] == 1.0
    assert rows["broken"]["breach_on"] == date(2025, 7, 4)
    assert rows["broken"]["expected"] > rows["broken"]["spent"] > 1000


def test_a_budget_counts_only_what_agrees_with_its_scope(rows: Any):
    assert rows["service"]["expected"] == pytest.approx(3100, rel=0.05)
    assert rows["cloud"]["expected"] == pytest.approx(9300, rel=0.05)
    assert rows["nothing"]["expected"] is None
    assert rows["nothing"]["breach_probability"] is None
    assert "nothing has been billed" in rows["nothing"]["reason"]


def test_currencies_are_never_mixed(rows: Any):
    assert (rows["euro"]["spent"], rows["euro"]["breach_probability"]) == (0.0, None)


def test_a_year_reaches_beyond_the_daily_forecast(rows: Any):
    year, month = rows["year"], rows["even"]
    assert (year["starts_on"], year["ends_on"]) == (date(2025, 1, 1), date(2026, 1, 1))
    assert year["expected"] == pytest.approx(3 * DAILY * 365, rel=0.05)
    assert year["hi80"] - year["lo80"] > month["hi80"] - month["lo80"]


def test_no_bills_at_all_still_answer():
    nothing = costs(restless()).clear()
    found = forecast(nothing, made_on=MADE_ON, budgets=budgets({"amount": Decimal(5)})).budget
    assert found["reason"].item().startswith("nothing has been billed")


def asked_on(made_on: date, values: np.ndarray, **more: object) -> list[dict[str, object]]:
    """The standing of one budget of 3,000 a month, at another time."""
    lines = frame(values, [made_on - timedelta(days=values.shape[1] - k)
                           for k in range(values.shape[1])])  # fmt: skip
    given = budgets({"amount": Decimal(3_000), **more})
    return forecast(lines, made_on=made_on, days=40, budgets=given).budget.to_dicts()


def test_the_last_day_of_a_period_counts_when_it_becomes_known():
    values = np.full((1, 200), 98.0)  # 30 days: 2,940
    values[0, -1] = 500.0  # the last day of June
    before, now = asked_on(date(2025, 7, 1), values)
    assert (before["starts_on"], before["ends_on"]) == (date(2025, 6, 1), date(2025, 7, 1))
    assert (before["spent"], before["breach_probability"]) == (29 * 98 + 500, 1.0)
    assert before["breach_on"] == date(2025, 6, 30)
    assert (now["starts_on"], now["spent"]) == (date(2025, 7, 1), 0.0)


def test_a_period_that_was_kept_says_so_for_ten_days():
    values = np.full((1, 200), 90.0)
    kept, _ = asked_on(date(2025, 7, 5), values)
    assert (kept["spent"], kept["expected"]) == (2700.0, 2700.0)
    assert (kept["breach_probability"], kept["breach_on"]) == (0.0, None)
    assert len(asked_on(date(2025, 7, 11), values)) == 1
    young = asked_on(date(2025, 7, 5), values, created_at=datetime(2025, 7, 2))
    assert [row["starts_on"] for row in young] == [date(2025, 7, 1)]


def test_the_days_of_a_late_bill_are_estimated_and_not_zero():
    """Account 2 has no bill since the 10th; both cost 50 a day."""
    made_on = date(2025, 7, 26)
    calendar = [made_on - timedelta(days=200 - k) for k in range(200)]
    lines = frame(np.full((2, 200), 50.0), calendar).with_columns(
        account=pl.when(pl.col("service") == "service-0000")
        .then(pl.lit("1"))
        .otherwise(pl.lit("2"))
    )
    cut = lines.filter((pl.col("account") == "1") | (pl.col("day") < date(2025, 7, 10)))
    late = pl.DataFrame({"cloud": ["aws"], "account": ["2"], "until": [date(2025, 7, 10)]})
    given = budgets({"amount": Decimal(1_500), "account": "2"})
    result = forecast(cut, made_on=made_on, days=40, late=late, budgets=given)
    (row,) = result.budget.to_dicts()
    assert row["spent"] == 9 * 50
    assert row["expected"] == pytest.approx(31 * 50, rel=0.01)
    assert row["breach_probability"] > 0.5
    assert "16 days late" in row["reason"]
    month = result.total.filter(
        (pl.col("horizon") == "month_end") & (pl.col("level") == "account")
    ).sort("account")
    assert month["mean"].to_list() == pytest.approx([31 * 50, 31 * 50], rel=0.01)
    assert month["estimated_days"].to_list() == [0, 16]
    whole = forecast(lines, made_on=made_on, days=40).total
    assert set(whole["estimated_days"]) == {0}


def test_a_budget_says_from_when_on_there_are_bills() -> None:
    year, month = judged(
        restless()[:, -50:],
        {"amount": Decimal(40_000), "period": "year"},
        {"amount": Decimal(4_000), "period": "month"},
    )
    told = "first billed on 2025-05-31; if there was cost before, it is not counted"
    assert year["reason"] == told
    assert month["reason"] is None


@pytest.mark.parametrize("daily", ["0.1", "0.7", "1.1", "2.35", "48.13"])
def test_what_is_allowed_to_the_last_cent_breaks_nothing(daily: str) -> None:
    rows = judged(
        np.full((1, STEPS), float(daily)),
        {"amount": Decimal(daily) * 31},
        {"amount": Decimal(daily) * 19},
    )
    month, so_far = rows
    assert (month["breach_probability"], month["breach_on"]) == (0.0, None)
    assert so_far["spent"] == float(Decimal(daily) * 19), "all of it, and not a digit more"
    assert so_far["breach_on"] == MADE_ON, "by the next day, not yet"
