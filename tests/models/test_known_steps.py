"""A commitment that ends is applied to the forecast on its day, at every level."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from planted import frame

from models.forecast.run import ForecastResult, forecast
from models.forecast.steps import COLUMNS, KNOWN

MADE_ON = date(2025, 7, 20)
KEY = ("cloud", "account", "service", "currency")


def costs(count: int = 3) -> pl.DataFrame:
    random = np.random.default_rng(1)
    days = [MADE_ON - timedelta(days=120 - k) for k in range(120)]
    return frame(100 * random.normal(1, 0.03, (count, 120)), days)


def ending(ends_at: datetime, daily: float, service: str = "service-0000") -> pl.DataFrame:
    row = costs().filter(pl.col("service") == service).row(0, named=True)
    series = {name: row[name] for name in KEY}
    return pl.DataFrame([{**series, "commitment_id": "ri-1", "ends_at": ends_at, "daily": daily}],
                        schema=KNOWN)  # fmt: skip


def made(steps: pl.DataFrame | None, late: pl.DataFrame | None = None) -> ForecastResult:
    return forecast(costs(), made_on=MADE_ON, days=90, steps=steps, late=late)


def risen(table: str, by: list[str], steps: pl.DataFrame, late: pl.DataFrame | None = None
          ) -> pl.DataFrame:  # fmt: skip
    """By how much the step raised the means of a table."""
    before, after = getattr(made(None, late), table), getattr(made(steps, late), table)
    joined = after.join(before, on=by, nulls_equal=True, suffix="_before")
    return joined.select(*by, (pl.col("mean") - pl.col("mean_before")).alias("more"))


def test_it_counts_from_the_hour_it_ends_and_only_in_its_series() -> None:
    steps = ending(datetime(2025, 7, 30, 12), 40.0)
    more = risen("forecast", [*KEY, "day"], steps).sort("service", "day")
    expected = np.array([0.0] * 10 + [20.0] + [40.0] * 79)
    assert more.filter(service="service-0000")["more"].to_numpy() == pytest.approx(expected)
    assert more.filter(pl.col("service") != "service-0000")["more"].abs().max() == 0


def test_sums_and_scopes_rise_by_the_same_money() -> None:
    steps = ending(datetime(2025, 7, 30), 40.0)
    totals = risen("total", ["horizon", "level", *KEY], steps).filter(level="total")
    more = dict(totals.select("horizon", "more").iter_rows())
    assert more["month_end"] == pytest.approx(40 * 2)
    assert more["next_30_days"] == pytest.approx(40 * 20)
    assert more["year_end"] == pytest.approx(40 * 155)
    days = risen("scope", ["level", *KEY, "day"], steps).filter(level="total")
    assert days["more"].sum() == pytest.approx(40 * 80)


def test_bands_move_with_the_mean() -> None:
    plain, moved = made(None).forecast, made(ending(datetime(2025, 7, 30), 40.0)).forecast
    last = (pl.col("day") == MADE_ON + timedelta(days=89)) & (pl.col("service") == "service-0000")
    for limit in ("lo95", "lo80", "hi80", "hi95"):
        gone = moved.filter(last)[limit].item() - plain.filter(last)[limit].item()
        assert gone == pytest.approx(40)


def test_what_was_paid_for_nothing_falls_away_but_not_below_zero() -> None:
    after = made(ending(datetime(2025, 7, 30), -500.0)).forecast.filter(service="service-0000")
    assert after.filter(pl.col("day") >= date(2025, 7, 30))["mean"].max() == 0
    assert after["lo95"].min() == 0


def test_late_days_before_it_are_estimated_without_it() -> None:
    late = pl.DataFrame({"cloud": "aws", "account": "account-0", "until": [date(2025, 7, 18)]})
    row = costs().row(0, named=True)
    late = late.with_columns(cloud=pl.lit(row["cloud"]), account=pl.lit(row["account"]))
    steps = ending(datetime(2025, 7, 20), 40.0)
    totals = risen("total", ["horizon", "level", *KEY], steps, late).filter(level="total")
    more = dict(totals.select("horizon", "more").iter_rows())
    assert more["month_end"] == pytest.approx(40 * 12)


def test_the_step_is_told_with_its_reason() -> None:
    steps = made(ending(datetime(2025, 7, 30, 12), 40.0)).step
    assert steps.columns == list(COLUMNS)
    [row] = steps.iter_rows(named=True)
    assert (row["starts_on"], row["daily"]) == (date(2025, 7, 30), 40.0)
    assert row["reason"] == "commitment ri-1 ends on 2025-07-30, as if it were not renewed"


@pytest.mark.parametrize("ends_at", [datetime(2025, 7, 19), datetime(2027, 1, 1)])
def test_what_ended_before_or_ends_after_changes_nothing(ends_at: datetime) -> None:
    result = made(ending(ends_at, 40.0))
    assert result.step.is_empty()
    assert result.forecast.equals(made(None).forecast)
