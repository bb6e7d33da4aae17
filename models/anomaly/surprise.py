"""By how much a value breaks the record of its stream, given how records are broken there."""

import numpy as np
import polars as pl

from models.forecast.history import Floats

ROUNDING = 1e-12  # of the largest value: a smaller difference is none


def surprise(view: pl.Series, unit: pl.Series, memory: int, ready: int, least: float) -> Floats:
    """Per row, 0 where no record is broken; unknown values are null.

    How far a row is beyond the highest or lowest of the last `memory` rows is measured in units,
    as a logarithm, and compared with all such breaks in memory: mean and standard deviation, the
    latter at least `least`. Nothing is said before `ready` known rows. A row uses no later row.
    """
    highest = view.rolling_max(memory, min_samples=ready).shift(1)
    lowest = view.rolling_min(memory, min_samples=ready).shift(1)
    beyond = pl.select(pl.max_horizontal(view - highest, lowest - view)).to_series().clip(0.0)
    breaks = (beyond / unit).log1p()
    usual = breaks.rolling_mean(memory, min_samples=ready).shift(1)
    varies = breaks.rolling_std(memory, min_samples=ready).shift(1)
    off = (breaks - usual) / varies.clip(least)
    return np.maximum(off.fill_null(0.0).to_numpy(), 0.0)


def spread_before(stream: pl.Series, memory: int) -> pl.Series:
    """Standard deviation of the rows in memory before each row, never zero."""
    spread = stream.rolling_std(memory, min_samples=2).shift(1).fill_null(0.0)
    largest = stream.abs().rolling_max(memory, min_samples=1).fill_null(0.0)
    floor = (ROUNDING * largest).clip(1e-300)
    return pl.select(pl.max_horizontal(spread, floor)).to_series()
