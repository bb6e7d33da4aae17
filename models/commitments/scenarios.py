"""How much more or less may be used: levels of the forecast, or of weeks drawn from the past."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = ("lo95", "lo80", "mean", "hi80", "hi95")
# Each level stands for the outcomes nearer to it than to the next: quantiles 0.025, 0.1, 0.5, 0.9
# and 0.975 meet at 0.0625, 0.3, 0.7 and 0.9375.
SHARES = np.array([0.0625, 0.2375, 0.4, 0.2375, 0.0625])
AHEAD = 90  # days of forecast that set the levels, and in which purchases are planned
DRAWN = 20
WEEK = 7  # days
LEAST_WEEKS = 4


@dataclass(frozen=True)
class Scenarios:
    """Factors on the usage of the past, and how likely each is."""

    factor: Floats
    weight: Floats
    told: str  # where they come from


def from_forecast(total: Mapping[str, float | None], days: int, known: float) -> Scenarios | None:
    """Of the expected sum over `days` days and its bands; `known` is a day as it is used now.

    None if it is not known what to expect, or nothing was used.
    """
    levels = [total.get(name) for name in LEVELS]
    if known <= 0 or any(level is None or not np.isfinite(level) for level in levels):
        return None
    factor = np.maximum(np.array(levels, float) / days / known, 0.0)
    if not (np.diff(factor) >= 0).all() or factor[2] <= 0:
        return None
    told = f"forecast of the next {days} days: {factor[2] - 1:+.0%}, in 8 of 10 cases between " + (
        f"{factor[1] - 1:+.0%} and {factor[3] - 1:+.0%}"
    )
    return Scenarios(factor, SHARES, told)


def from_weeks(daily: Floats, seed: int = 0) -> Scenarios:
    """Levels of as many weeks, drawn with replacement from those looked at."""
    weeks = len(daily) // WEEK
    if weeks < LEAST_WEEKS or daily.mean() <= 0:
        return Scenarios(np.ones(1), np.ones(1), "as used so far: too few weeks to draw from")
    means = daily[len(daily) - weeks * WEEK :].reshape(weeks, WEEK).mean(axis=1)
    random = np.random.default_rng(seed)
    drawn = np.sort(means[random.integers(0, weeks, (DRAWN, weeks))].mean(axis=1))
    weight = np.full(DRAWN, 1 / DRAWN)
    return Scenarios(
        drawn / daily.mean(), weight, f"{DRAWN} draws from the last {weeks} weeks, without trend"
    )


def quantile(values: Floats, weight: Floats, share: float) -> float:
    """The smallest value that at least that share of the weight does not exceed.

    >>> quantile(np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.3]), 0.6)
    2.0
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) >= share * weight.sum() - 1e-12
    return float(values[order][np.argmax(reached)])
