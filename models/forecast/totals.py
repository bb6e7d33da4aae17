"""Sums of forecasts over services and days, with intervals from the summed errors of the backtest.

Errors of services move together to some degree. Their sum over each backtest path knows to which,
so a total's interval comes from there and not from adding up the ends of the parts.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student

from models.backtest import LEVELS
from models.forecast.engine import Outlook
from models.forecast.history import Floats

SCOPES = {
    "total": ("currency",),
    "cloud": ("cloud", "currency"),
    "account": ("cloud", "account", "currency"),
    "service": ("cloud", "account", "service", "currency"),
}
INDEPENDENT = 0.6  # share of the folds counted as independent; they overlap
WIDEST = 3.0  # by how much series without a backtest may widen the band of a sum
COLUMNS = {
    "horizon": pl.String, "level": pl.String, "cloud": pl.String, "account": pl.String,
    "service": pl.String, "currency": pl.String, "starts_on": pl.Date, "ends_on": pl.Date,
    "known": pl.Float64, "mean": pl.Float64, "lo80": pl.Float64, "hi80": pl.Float64,
    "lo95": pl.Float64, "hi95": pl.Float64, "made_on": pl.Date,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Part:
    """What a sum needs of some series: arrays of series x ..."""

    mean: Floats  # x step; NaN = nothing is known
    errors: Floats  # x fold x step
    scale: Floats
    is_positive: NDArray[np.bool_]
    origins: tuple[int, ...]

    @staticmethod
    def of(outlook: Outlook) -> "Part":
        """Take it from the forecast of a chunk of series."""
        positive = np.nan_to_num(outlook.limits[0][0]).min(axis=1, initial=0.0) >= 0
        return Part(outlook.mean, outlook.errors, outlook.scale, positive, outlook.origins)


def totals(
    keys: pl.DataFrame,
    parts: list[Part],
    known: pl.DataFrame,
    *,
    made_on: date,
    days: int,
    month_end: date,
) -> pl.DataFrame:
    """Rows of models.forecast_total; horizons longer than the forecast are left out."""
    spans = {
        "month_end": (made_on.replace(day=1), month_end),
        "next_30_days": (made_on, made_on + timedelta(days=30)),
        "next_90_days": (made_on, made_on + timedelta(days=90)),
    }
    if not parts:
        return pl.DataFrame(schema=COLUMNS)
    whole = Part(
        np.concatenate([p.mean for p in parts]),
        np.concatenate([p.errors for p in parts]),
        np.concatenate([p.scale for p in parts]),
        np.concatenate([p.is_positive for p in parts]),
        parts[0].origins,
    )
    billed = keys.join(known, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")
    spent = billed["known"].fill_null(0.0).to_numpy()
    frames: list[pl.DataFrame] = []
    for horizon, (starts_on, ends_on) in spans.items():
        steps = (ends_on - made_on).days
        if not 0 <= steps <= days:
            continue
        counted = spent if horizon == "month_end" else np.zeros_like(spent)
        for level, scope in SCOPES.items():
            frame = _level(keys, scope, whole, counted, steps)
            frames.append(
                frame.with_columns(
                    pl.lit(horizon).alias("horizon"),
                    pl.lit(level).alias("level"),
                    pl.lit(starts_on).alias("starts_on"),
                    pl.lit(ends_on).alias("ends_on"),
                    pl.lit(made_on).alias("made_on"),
                    *[pl.lit(None, dtype=pl.String).alias(c)
                      for c in SCOPES["service"] if c not in scope],
                ).select(list(COLUMNS))
            )  # fmt: skip
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)


def _level(
    keys: pl.DataFrame, scope: tuple[str, ...], part: Part, spent: Floats, steps: int
) -> pl.DataFrame:
    """One row per group of `scope`."""
    groups = keys.select(scope).unique(maintain_order=True)
    joined = keys.join(
        groups.with_row_index("group"), on=scope, nulls_equal=True, maintain_order="left"
    )
    group = joined["group"].to_numpy()
    count = groups.height
    ahead = np.nan_to_num(part.mean[:, :steps]).sum(axis=1)
    future: Floats = np.bincount(group, ahead, count).astype(np.float64)
    billed: Floats = np.bincount(group, spent, count).astype(np.float64)
    positive = np.bincount(group, ~part.is_positive, count) == 0
    spread, folds = _spread(part, group, count, steps)
    freedom = np.maximum(1.0, INDEPENDENT * folds)
    columns: dict[str, Floats] = {"known": billed, "mean": billed + future}
    for name, level in zip(("80", "95"), LEVELS, strict=True):
        half = student.ppf((1 + level) / 2, freedom) * spread
        low = np.where(positive, np.maximum(future - half, 0.0), future - half)
        columns[f"lo{name}"] = billed + low
        columns[f"hi{name}"] = billed + future + half
    return groups.with_columns(**{k: pl.Series(v) for k, v in columns.items()})


def _spread(part: Part, group: NDArray[np.intp], count: int, steps: int) -> tuple[Floats, int]:
    """Root mean square error of the sum over `steps` days per group, and the folds behind it.

    Where no fold was long enough, that of the longest sum is stretched in proportion.
    """
    if steps == 0:
        return np.zeros(count), 1
    scale = np.asarray(np.bincount(group, part.scale, count), dtype=np.float64)
    reach = [min(o, part.mean.shape[1]) for o in part.origins]
    usable = [k for k in range(len(reach)) if np.isfinite(part.errors[:, k]).any()]
    longest = min(steps, max((reach[k] for k in usable), default=0))
    if longest == 0:
        return scale * steps, 1
    whole = [k for k in usable if reach[k] >= longest]
    squares = np.zeros(count)
    weight = np.zeros(count)
    for k in whole:
        path = part.errors[:, k, :longest]
        seen = np.isfinite(path).any(axis=1)
        error = np.bincount(group, np.nan_to_num(path).sum(axis=1), count)
        share = np.bincount(group, np.where(seen, part.scale, 0.0), count)
        has = share > 0
        widen = np.clip(scale / np.where(has, share, 1.0), 1.0, WIDEST)
        squares += np.where(has, (error * widen) ** 2, 0.0)
        weight += has
    measured = np.sqrt(squares / np.maximum(weight, 1)) * steps / longest
    return np.where(weight > 0, measured, scale * steps), len(whole)
