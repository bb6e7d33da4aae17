"""Sums of forecasts day by day, with bands of their own: what a chart of a whole scope shows."""

from datetime import date

import numpy as np
import polars as pl

from models.backtest import LEVELS, Rolled, bands
from models.forecast.parts import Parts, grouped, sums
from models.forecast.totals import SCOPES

COLUMNS = {
    "level": pl.String, "cloud": pl.String, "account": pl.String, "service": pl.String,
    "currency": pl.String, "day": pl.Date, "mean": pl.Float64, "lo80": pl.Float64,
    "hi80": pl.Float64, "lo95": pl.Float64, "hi95": pl.Float64, "made_on": pl.Date,
}  # fmt: skip
LEVELS_SHOWN = ("total", "cloud", "account")  # of a service it is models.forecast


def paths(keys: pl.DataFrame, parts: Parts, *, made_on: date, days: int) -> pl.DataFrame:
    """Rows of models.forecast_scope: one per scope above a service, and day ahead."""
    frames = [_path(keys, level, parts, made_on, days) for level in LEVELS_SHOWN]
    return pl.concat(frames) if keys.height else pl.DataFrame(schema=COLUMNS)


def _path(keys: pl.DataFrame, level: str, parts: Parts, made_on: date, days: int) -> pl.DataFrame:
    """The errors of a sum are the sums of the errors, and give a band as those of a series do."""
    scope = SCOPES[level]
    groups, group = grouped(keys, scope)
    count = groups.height
    mean = sums(parts.mean[:, :days], group, count)
    errors = sums(parts.errors, group, count)
    seen = sums(np.isfinite(parts.errors).astype(float), group, count) > 0
    errors = np.where(seen, errors, np.nan)
    rolled = Rolled(parts.origins, errors, {}, np.zeros(count), np.full(count, -np.inf))
    found = bands(rolled, np.zeros_like(errors), sums(parts.scale, group, count))
    positive = np.bincount(group, ~parts.is_positive, count) == 0
    floor = np.where(positive, 0.0, -np.inf)[:, None]
    row = np.repeat(np.arange(count), days)
    ahead = np.datetime64(made_on, "D") + np.tile(np.arange(days), count)
    columns = {"mean": pl.Series(mean.ravel())}
    for index, name in enumerate(("80", "95")[: len(LEVELS)]):
        low, high = found.around(mean, index)
        columns[f"lo{name}"] = pl.Series(np.maximum(low, floor).ravel())
        columns[f"hi{name}"] = pl.Series(np.maximum(high, floor).ravel())
    frame = groups[row].with_columns(
        pl.lit(level).alias("level"),
        pl.Series("day", ahead).cast(pl.Date),
        pl.lit(made_on).alias("made_on"),
        *[pl.lit(None, dtype=pl.String).alias(c) for c in SCOPES["service"] if c not in scope],
        **columns,
    )
    return frame.select([pl.col(name).cast(kind) for name, kind in COLUMNS.items()])
