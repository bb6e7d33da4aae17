"""Forecasts of daily cost: sums, bands, gaps, and what is said about series that are not usual."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import clean_costs, frame

from models.forecast.run import (
    BACKTEST_COLUMNS,
    FORECAST_COLUMNS,
    KEYS,
    ForecastResult,
    daily_history,
    forecast,
)
from models.forecast.totals import COLUMNS, SCOPES

MADE_ON = date(2025, 7, 20)
STEPS = 200


def costs(values: np.ndarray, cloud: str = "aws") -> pl.DataFrame:
    days = [MADE_ON - timedelta(days=values.shape[1] - k) for k in range(values.shape[1])]
    return frame(values, days).with_columns(pl.lit(cloud).alias("cloud"))


def usual(count: int = 6, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    week = np.array([1, 1, 1, 1, 1, 0.6, 0.5])[np.arange(STEPS) % 7]
    level = np.exp(random.normal(4, 1, (count, 1)))
    return level * week * random.normal(1, 0.05, (count, STEPS))


def test_the_frames_have_the_columns_of_their_tables():
    result = forecast(costs(usual()), made_on=MADE_ON, days=35)
    assert tuple(result.forecast.columns) == FORECAST_COLUMNS
    assert tuple(result.backtest.columns) == BACKTEST_COLUMNS
    assert result.total.columns == list(COLUMNS)
    assert result.forecast.height == 6 * 35


def test_no_cost_gives_empty_frames_with_all_columns():
    result = forecast(costs(usual()).clear(), made_on=MADE_ON, days=35)
    assert result.forecast.is_empty()
    assert tuple(result.forecast.columns) == FORECAST_COLUMNS
    assert result.total.columns == list(COLUMNS)
    assert tuple(result.backtest.columns) == BACKTEST_COLUMNS


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), credits_too=st.booleans())
def test_bands_hold_the_mean_and_the_wide_ones_hold_the_narrow_ones(seed: int, credits_too: bool):
    values = usual(4, seed)
    if credits_too:
        values[0] -= 1.2 * values[0].mean()
    result = forecast(costs(values), made_on=MADE_ON, days=31)
    for table in (result.forecast, result.total):
        ordered = table.select("lo95", "lo80", "mean", "hi80", "hi95").to_numpy()
        assert (np.diff(ordered, axis=1) >= -1e-9 * np.abs(ordered).max()).all()
    positive = result.forecast.filter(pl.col("service") != "service-0000")
    assert (positive.select("lo95").to_numpy() >= 0).all()


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_total_is_the_sum_of_its_parts_at_every_level(seed: int):
    both = pl.concat([costs(usual(4, seed)), costs(usual(3, seed + 1), "gcp")])
    result = forecast(both, made_on=MADE_ON, days=90)
    for horizon, steps in (("month_end", 12), ("next_30_days", 30), ("next_90_days", 90)):
        rows = result.total.filter(pl.col("horizon") == horizon)
        parts = result.forecast.filter(pl.col("day") < MADE_ON + timedelta(days=steps))[
            "mean"
        ].sum()
        for level in ("total", "cloud", "account", "service"):
            part = rows.filter(pl.col("level") == level)
            assert part["mean"].sum() - part["known"].sum() == pytest.approx(parts, rel=1e-12)
    for level, key in SCOPES.items():
        if level != "service":
            scope = result.scope.filter(pl.col("level") == level).sort(*key, "day")
            days = result.forecast.group_by(*key, "day").agg(pl.col("mean").sum())
            summed = days.sort(*key, "day")["mean"]
            np.testing.assert_allclose(scope["mean"], summed, rtol=1e-12)
    billed = both.filter(pl.col("day") >= date(2025, 7, 1))["cost"].sum()
    month = result.total.filter((pl.col("level") == "total") & (pl.col("horizon") == "month_end"))
    assert month["known"].item() == pytest.approx(billed)


def test_the_interval_of_a_sum_is_narrower_than_the_sum_of_the_intervals():
    result = forecast(costs(usual(30)), made_on=MADE_ON, days=30)
    rows = result.total.filter(pl.col("horizon") == "next_30_days")
    width = (rows["hi80"] - rows["lo80"]).filter(rows["level"] == "total").item()
    parts = (rows["hi80"] - rows["lo80"]).filter(rows["level"] == "service").sum()
    assert width < 0.7 * parts


def test_the_band_of_a_sum_holds_as_many_days_as_it_says_and_is_narrower_than_summed_bands():
    values = usual(40, 3)
    seen = forecast(costs(values[:, :170]).with_columns(
        pl.col("day") + timedelta(days=0)), made_on=MADE_ON, days=30)  # fmt: skip
    truth = values[:, 170:].sum(axis=0)
    band = seen.scope.filter(pl.col("level") == "total").sort("day")
    inside = (truth >= band["lo95"].to_numpy()) & (truth <= band["hi95"].to_numpy())
    assert inside.mean() >= 0.8
    summed = seen.forecast.group_by("day").agg((pl.col("hi80") - pl.col("lo80")).sum()).sort("day")
    width = (band["hi80"] - band["lo80"]).to_numpy()
    assert (width < 0.6 * summed["hi80"].to_numpy()).all()


def test_what_a_sum_of_spiky_costs_misses_is_made_up_for_up_to_a_tenth():
    random = np.random.default_rng(0)
    values = random.normal(10, 1, (12, 370))
    values = np.where(random.random(values.shape) < 0.15, 3 * values, values)
    found = forecast(costs(values), made_on=MADE_ON, days=30).forecast["mean"].mean()
    assert found == pytest.approx(0.89 * 13, rel=0.02)  # half of it: 0.85 * 13


def test_the_backtest_of_a_sum_is_beside_it():
    result = forecast(costs(usual(5)), made_on=MADE_ON, days=35)
    rows = result.total.filter(pl.col("horizon") == "next_30_days")
    total = rows.filter(pl.col("level") == "total").row(0, named=True)
    assert 0 < total["wape"] < 0.1
    assert abs(total["bias"]) <= total["wape"]
    assert total["folds"] >= 3
    young = forecast(costs(usual(1)[:, -10:]), made_on=MADE_ON, days=35).total
    assert young["wape"].is_null().all()


def test_currencies_are_never_added():
    two = pl.concat([
        costs(usual(2)),
        costs(usual(2)).with_columns(pl.lit("EUR").alias("currency")),
    ])  # fmt: skip
    result = forecast(two, made_on=MADE_ON, days=30)
    totals = result.total.filter(pl.col("level") == "total")
    assert sorted(totals["currency"].unique()) == ["EUR", "USD"]


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_the_forecast_scales_with_the_unit(factor: float):
    values = usual(4)
    plain = forecast(costs(values), made_on=MADE_ON, days=30)
    scaled = forecast(costs(values * factor), made_on=MADE_ON, days=30)
    for column in ("mean", "lo80", "hi95"):
        np.testing.assert_allclose(
            scaled.forecast[column].to_numpy(),
            plain.forecast[column].to_numpy() * factor,
            rtol=1e-4,
        )


def test_the_backtest_says_what_was_chosen_and_why():
    table = forecast(costs(usual()), made_on=MADE_ON, days=30).backtest
    chosen = table.filter("is_chosen")
    assert chosen.height == 6
    assert (chosen["reason"].str.starts_with("chosen: 0.")).all()
    assert chosen["cover80"].is_between(0.5, 1).all()
    naive = table.filter(pl.col("model") == "seasonal_naive")
    both = chosen.join(naive, on=KEYS, suffix="_naive")
    assert (both["mase"] <= both["mase_naive"]).all()


def test_a_day_without_lines_cost_nothing_only_if_the_bill_of_that_day_has_come():
    values = usual(2)
    values[0, 150:153] = 0
    lines = costs(values)
    _, whole, _ = daily_history(lines, made_on=MADE_ON)
    np.testing.assert_array_equal(whole.values[0, 150:153], 0)
    late = [MADE_ON - timedelta(days=STEPS - k) for k in (150, 151, 152)]
    delivered = lines.select("cloud", "day").unique().filter(~pl.col("day").is_in(late))
    _, whole, _ = daily_history(lines, made_on=MADE_ON, delivered=delivered)
    assert np.isnan(whole.values[0, 150:153]).all()


def odd_series() -> dict[str, np.ndarray]:
    base = usual(1, 5)[0]
    new, ended, gaps, credit = base.copy(), base.copy(), base.copy(), base - 2 * base.mean()
    new[: STEPS - 6] = 0
    ended[-30:] = 0
    gaps[::3] = np.nan
    return {
        "new": new,
        "ended": ended,
        "gaps": gaps,
        "credit": credit,
        "constant": np.full(STEPS, 12.5),
        "unknown": np.full(STEPS, np.nan),
        "infinite": np.where(np.arange(STEPS) == 50, np.inf, base),
        "once": np.where(np.arange(STEPS) == 20, 9000.0, 0.0),
    }


def test_every_odd_series_gets_an_answer_with_a_reason_and_stops_no_other():
    odd = odd_series()
    lines = costs(np.concatenate([np.stack(list(odd.values())), usual(3)]))
    names = {f"service-{k:04d}": name for k, name in enumerate(odd)}
    lines = lines.with_columns(pl.col("service").replace(names))
    result = forecast(lines, made_on=MADE_ON, days=30)
    chosen = {r["service"]: r for r in result.backtest.filter("is_chosen").to_dicts()}
    means = dict(result.forecast.group_by("service").agg(pl.col("mean").mean()).rows())
    assert set(chosen) == set(names.values()) | {"service-0008", "service-0009", "service-0010"}
    assert "only 6 known steps" in chosen["new"]["reason"]
    assert means["new"] == pytest.approx(np.median(odd["new"][-6:]))
    assert "taken as ended" in chosen["ended"]["reason"]
    assert means["ended"] == 0
    assert "taken as ended" in chosen["once"]["reason"]
    assert means["once"] == 0
    assert "no known value" in chosen["unknown"]["reason"]
    assert "unknown" not in means
    assert "the same value in all 200" in chosen["constant"]["reason"]
    assert means["constant"] == 12.5
    assert means["credit"] == pytest.approx(odd["credit"].mean(), rel=0.1)
    assert means["gaps"] == pytest.approx(np.nanmean(odd["gaps"]), rel=0.1)


def test_a_new_series_borrows_its_band_from_the_others():
    values = usual(5)
    values[0, : STEPS - 5] = 0
    result = forecast(costs(values), made_on=MADE_ON, days=30).forecast
    new = result.filter(pl.col("service") == "service-0000")
    assert (new["hi95"] > 1.02 * new["mean"]).all()


def test_coverage_on_days_nobody_has_seen_is_what_the_band_says():
    lines, calendar, _ = clean_costs(3, 120, 400)
    made_on = calendar[-28]
    result = forecast(lines.filter(pl.col("day") < made_on), made_on=made_on, days=28).forecast
    both = result.join(lines.filter(pl.col("day") >= made_on), on=[*KEYS, "day"])
    inside = ((both["cost"] >= both["lo80"]) & (both["cost"] <= both["hi80"])).mean()
    assert inside == pytest.approx(0.80, abs=0.06)
    wide = ((both["cost"] >= both["lo95"]) & (both["cost"] <= both["hi95"])).mean()
    assert wide == pytest.approx(0.95, abs=0.03)


def test_month_end_is_the_first_of_the_next_month():
    result = forecast(costs(usual(1)), made_on=date(2025, 7, 20), days=40).total
    assert result.filter(pl.col("horizon") == "month_end")["ends_on"].unique().item() == date(
        2025, 8, 1
    )


def test_a_sum_says_from_when_on_there_are_bills():
    young = costs(usual()[:, -60:], "gcp")
    result = forecast(pl.concat([costs(usual()), young]), made_on=MADE_ON, days=200)
    year = result.total.filter(pl.col("horizon") == "year_end")
    first = {row["cloud"]: row["billed_from"] for row in year.iter_rows(named=True)}
    assert first["gcp"] == MADE_ON - timedelta(days=60)
    assert first[None] == first["aws"] == MADE_ON - timedelta(days=STEPS)


def late_since(days: int) -> pl.DataFrame:
    """Account 1 is not billed for so many days."""
    until = MADE_ON - timedelta(days=days)
    return pl.DataFrame({"cloud": ["aws"], "account": ["1"], "until": [until]})


def month_end(result: ForecastResult) -> float:
    return result.total.filter(horizon="month_end", level="total")["mean"].item()


def test_what_another_bill_says_of_an_unknown_day_counts_once():
    """Two payers bill one account, one is eight days late: those are estimated as a whole."""
    both = usual(2, 3)
    values = both.sum(axis=0)[None, :]
    seen = values.copy()
    seen[:, -8:] = both[:1, -8:]
    found = forecast(costs(seen), made_on=MADE_ON, days=31, late=late_since(8))
    assert found.total["estimated_days"].max() == 8
    whole = forecast(costs(values), made_on=MADE_ON, days=31)
    assert month_end(found) == pytest.approx(month_end(whole), rel=0.03)
    bought = seen.copy()
    bought[0, -3] += 1e6  # a purchase on such a day is no estimate
    more = forecast(costs(bought), made_on=MADE_ON, days=31, late=late_since(8))
    assert month_end(more) == pytest.approx(month_end(found) + 1e6, rel=0.01)


def test_an_account_without_a_bill_for_months_has_ended():
    values = usual(2)[:, :-70]
    days = [MADE_ON - timedelta(days=STEPS - k) for k in range(STEPS - 70)]
    left = frame(values, days).with_columns(pl.lit("gcp").alias("cloud"))
    stays = costs(usual(2, 1))
    gone = late_since(70).with_columns(cloud=pl.lit("gcp"))
    found = forecast(pl.concat([left, stays]), made_on=MADE_ON, days=31, late=gone)
    ahead = found.forecast.filter(cloud="gcp")
    assert set(ahead["model"]) == {"ended"}
    assert ahead.select("mean", "hi95").sum().row(0) == (0, 0)
    known = found.total.filter(horizon="year_end", level="cloud", cloud="gcp")
    assert known["mean"].item() == pytest.approx(values.sum())
    assert known["estimated_days"].item() == 0


def test_what_is_to_come_of_charges_for_the_running_month_counts_towards_its_end():
    values = usual(2)
    first = MADE_ON.replace(day=1)
    at = STEPS - (MADE_ON - first).days
    values[0, at] += 300.0
    owed = pl.DataFrame({
        "cloud": ["aws"], "account": ["1"], "service": ["service-0000"], "currency": ["USD"],
        "day": [first], "owed": [600.0],
    })  # fmt: skip
    alone = forecast(costs(values), made_on=MADE_ON, days=31)
    found = forecast(costs(values), made_on=MADE_ON, days=31, running=owed)
    values[0, at] += 600.0
    whole = forecast(costs(values), made_on=MADE_ON, days=31)
    assert month_end(found) == pytest.approx(month_end(whole))
    assert month_end(found) > month_end(alone) + 550
    for horizon, known in (("month_end", 600.0), ("next_30_days", 0.0)):
        rows = [r.total.filter(horizon=horizon, level="total") for r in (whole, found)]
        assert rows[1]["known"].item() == pytest.approx(rows[0]["known"].item() - known)
    assert found.forecast.equals(whole.forecast)
