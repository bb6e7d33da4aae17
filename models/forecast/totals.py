"""Sums of forecasts over services and days, with intervals from the summed errors of the backtest.

Errors of services move together to some degree. Their sum over each backtest path knows to which,
so a total's interval comes from there and not from adding up the ends of the parts. The mean of a
sum is the sum of the means: what belongs together adds up, at every level and horizon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.stats import t as student

from models.backtest import LEVELS
from models.forecast.history import Floats
from models.forecast.parts import Parts, freedom, grouped, spread, sums

SCOPES = {
    "total": ("currency",),
    "cloud": ("cloud", "currency"),
    "account": ("cloud", "account", "currency"),
    "service": ("cloud", "account", "service", "currency"),
}
COLUMNS = {
    "horizon": pl.String, "level": pl.String, "cloud": pl.String, "account": pl.String,
    "service": pl.String, "currency": pl.String, "starts_on": pl.Date, "ends_on": pl.Date,
    "billed_from": pl.Date, "known": pl.Float64, "mean": pl.Float64, "lo80": pl.Float64,
    "hi80": pl.Float64, "lo95": pl.Float64, "hi95": pl.Float64, "wape": pl.Float64,
    "bias": pl.Float64, "folds": pl.Int32, "estimated_days": pl.Int32, "made_on": pl.Date,
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """The days [starts_on, ends_on) that are added up; those before `made_on` are billed."""

    starts_on: date
    ends_on: date


def period(day: date, months: int) -> Span:
    """The calendar month, quarter (3 months) or year (12) that a day is in.

    >>> period(date(2026, 11, 26), 3)
    Span(starts_on=datetime.date(2026, 10, 1), ends_on=datetime.date(2027, 1, 1))
    """
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    last = first.month + months - 1
    return Span(first, date(first.year + last // 12, last % 12 + 1, 1))


def spans(made_on: date) -> Mapping[str, Span]:
    """The horizons of models.forecast_total."""
    return {
        "month_end": period(made_on, 1),
        "quarter_end": period(made_on, 3),
        "year_end": period(made_on, 12),
        "next_30_days": Span(made_on, made_on + timedelta(days=30)),
        "next_90_days": Span(made_on, made_on + timedelta(days=90)),
    }


def totals(keys: pl.DataFrame, parts: Parts, costs: pl.DataFrame, *, made_on: date) -> pl.DataFrame:
    """Rows of models.forecast_total; horizons longer than the forecast are left out."""
    frames: list[pl.DataFrame] = []
    billed = billed_until(costs, made_on)
    for horizon, span in spans(made_on).items():
        steps = (span.ends_on - made_on).days
        if not 0 <= steps <= parts.steps:
            continue
        spent = spent_since(keys, costs, span.starts_on, made_on)
        for level, scope in SCOPES.items():
            before = (made_on - span.starts_on).days
            frames.append(
                _level(keys, scope, parts, spent, steps, before)
                .join(
                    billed.group_by(scope).agg(pl.col("day").min().alias("billed_from")),
                    on=scope, how="left", nulls_equal=True, maintain_order="left",
                )
                .with_columns(
                    pl.lit(horizon).alias("horizon"),
                    pl.lit(level).alias("level"),
                    pl.lit(span.starts_on).alias("starts_on"),
                    pl.lit(span.ends_on).alias("ends_on"),
                    pl.lit(made_on).alias("made_on"),
                    *[pl.lit(None, dtype=pl.String).alias(c)
                      for c in SCOPES["service"] if c not in scope],
                )
                .select([pl.col(name).cast(kind) for name, kind in COLUMNS.items()])
            )  # fmt: skip
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)


def billed_until(costs: pl.DataFrame, until: date) -> pl.DataFrame:
    """The costs of the days before, with days as dates and names as texts."""
    return costs.with_columns(
        pl.col("day").cast(pl.Date), *[pl.col(name).cast(pl.String) for name in SCOPES["service"]]
    ).filter(pl.col("day") < until)


def spent_since(keys: pl.DataFrame, costs: pl.DataFrame, first: date, made_on: date) -> Floats:
    """What each series has cost in [first, made_on)."""
    known = (
        billed_until(costs, made_on)
        .filter(pl.col("day") >= first)
        .with_columns(pl.col("cost").cast(pl.Float64).fill_nan(None))
        .group_by(keys.columns)
        .agg(pl.col("cost").sum())
    )
    joined = keys.join(known, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["cost"].fill_null(0.0).to_numpy()


def _level(
    keys: pl.DataFrame,
    scope: tuple[str, ...],
    parts: Parts,
    spent: Floats,
    steps: int,
    before: int,
) -> pl.DataFrame:
    """One row per group of `scope`, for `steps` days ahead and the `before` days since."""
    groups, group = grouped(keys, scope)
    count = groups.height
    missing, unsure = parts.since(before)
    future = sums(np.nan_to_num(parts.mean[:, :steps]).sum(axis=1) + missing, group, count)
    billed = sums(spent, group, count)
    positive = np.bincount(group, ~parts.is_positive, count) == 0
    width, folds = spread(parts, group, count, steps)
    width = width + sums(unsure, group, count)
    late = np.zeros(count, dtype=np.int64)
    np.maximum.at(late, group, np.minimum(parts.unknown, max(before, 0)))
    columns: dict[str, Floats] = {"known": billed, "mean": billed + future}
    for name, level in zip(("80", "95"), LEVELS, strict=True):
        half = student.ppf((1 + level) / 2, freedom(folds)) * width
        low = np.where(positive, np.maximum(future - half, 0.0), future - half)
        columns[f"lo{name}"] = billed + low
        columns[f"hi{name}"] = billed + future + half
    return groups.with_columns(
        **{k: pl.Series(v) for k, v in columns.items()},
        **_measured(parts, group, count, steps),
        estimated_days=pl.Series(late),
    )


def _measured(
    parts: Parts, group: np.ndarray[tuple[int], np.dtype[np.intp]], count: int, steps: int
) -> dict[str, pl.Series]:
    """How the sum over that many days, or as many as there were, did in the backtest.

    Columns: mean absolute error and bias (positive: too much was expected), both as a share of
    what came; and the folds behind them.
    """
    longest, whole = parts.tested(max(steps, 1))
    if not whole:
        nothing = pl.Series([None] * count, dtype=pl.Float64)
        return {"wape": nothing, "bias": nothing, "folds": pl.Series([0] * count)}
    error = sums(np.nan_to_num(parts.errors[:, whole, :longest]).sum(axis=2), group, count)
    known = np.where(np.isfinite(parts.errors), parts.truth, 0.0)[:, whole, :longest]
    actual = sums(known.sum(axis=2), group, count)
    size = np.abs(actual).sum(axis=1)
    size = np.where(size > 0, size, np.nan)
    folds = sums(np.isfinite(parts.errors[:, whole, 0]).astype(float), group, count) > 0
    return {
        "wape": pl.Series(np.abs(error).sum(axis=1) / size).fill_nan(None),
        "bias": pl.Series(-error.sum(axis=1) / size).fill_nan(None),
        "folds": pl.Series(folds.sum(axis=1)),
    }
