"""By how much a value breaks the record of its stream, given how records are broken there."""

import numpy as np
import polars as pl

from models.forecast.history import Floats

ROUNDING = 1e-12  # of the largest value: a smaller difference is none


def surprises(views: Floats, memory: int, ready: int, least: float) -> Floats:
    """View x row, 0 where no record is broken; unknown values are NaN, the first view the values.

    How far a row is beyond the highest or lowest of the last `memory` rows is measured in spreads
    of the values, as a logarithm, and compared with all such breaks in memory: mean and standard
    deviation, the latter at least `least`. Nothing is said before `ready` known rows, and `ready`
    more. A row uses no later row.
    """
    each = pl.all()
    before = _each(
        views,
        each.rolling_max(memory, min_samples=ready).shift(1).name.suffix(" high"),
        each.rolling_min(memory, min_samples=ready).shift(1).name.suffix(" low"),
    )
    highest, lowest = np.split(before, 2)
    beyond = np.maximum(np.maximum(views - highest, lowest - views), 0.0)
    breaks = np.log1p(beyond / _spread_before(views[0], memory))
    seen = _each(
        breaks,
        each.rolling_mean(memory, min_samples=ready).shift(1).name.suffix(" mean"),
        each.rolling_std(memory, min_samples=ready).shift(1).name.suffix(" spread"),
    )
    usual, varies = np.split(seen, 2)
    off = (breaks - usual) / np.maximum(varies, least)
    return np.fmax(off, 0.0)


def _spread_before(values: Floats, memory: int) -> Floats:
    """Standard deviation of the rows in memory before each row, never zero."""
    one = pl.first()
    spread, largest = _each(
        values[None],
        one.rolling_std(memory, min_samples=2).shift(1).name.suffix(" spread"),
        one.abs().rolling_max(memory, min_samples=1).name.suffix(" size"),
    )
    return np.fmax(np.nan_to_num(spread), np.fmax(ROUNDING * np.nan_to_num(largest), 1e-300))


def _each(views: Floats, *said: pl.Expr) -> Floats:
    """Expressions of views, one below the other; NaN is unknown, before and after."""
    frame = pl.DataFrame({str(number): view for number, view in enumerate(views)})
    found = frame.with_columns(pl.all().fill_nan(None)).select(*said)
    return np.stack([column.fill_null(np.nan).to_numpy() for column in found])
