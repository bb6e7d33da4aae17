"""Let another model see what is left without the season: each step as a share of its phase.

A season of many steps is more than a few lags can hold, but its shape is known from all cycles at
once; what remains is the level, and how fast it returns to normal.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.forecast.history import Fitted, Floats, History, Model
from models.forecast.month_effect import NotUsable

CYCLES = 2  # of a season that must be known
LEAST_SHARE = 0.05  # of the mean: no phase of a season is taken to be smaller
FADING = {True: 0.97, False: 0.9}  # weight of a cycle over the next one; is the season short?
SHORT = 7  # steps
YEARLY = (12, 52)  # months, weeks: so few cycles are known that dividing by them adds noise


@dataclass(frozen=True, eq=False)
class FittedDeseasoned:
    """The inner model, and the shares whose column 0 is the next step."""

    inner: Fitted
    shares: Floats

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        return self.inner.predict(days) * self.shares[:, np.arange(days) % self.shares.shape[1]]


@dataclass(frozen=True)
class Deseasoned:
    """Fit `model` without the long season, or without the short one where that is not short.

    A season of up to SHORT steps is left in, since `model` sees all of it, and so is a year.
    """

    model: Model
    is_long: bool = False
    memory: int = 2000  # steps that give the shares

    def fit(self, history: History) -> Fitted:
        """The long variant is not usable where there is no long season, or less than two cycles."""
        season = history.long_season if self.is_long else history.season
        is_known = season > SHORT and history.steps >= CYCLES * season
        if not is_known or season in YEARLY:
            return NotUsable(len(history.values)) if self.is_long else self.model.fit(history)
        shares = shares_of(filled(history.values)[:, -self.memory :], season)
        phase = (np.arange(history.steps) - history.steps) % season
        rest = replace(history, values=history.values / shares[:, phase], long_season=1)
        return FittedDeseasoned(self.model.fit(rest), shares)


def filled(values: Floats) -> Floats:
    """Gaps hold the last known value; before the first one, the first."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    return np.take_along_axis(values, np.maximum(last, known.argmax(axis=1)[:, None]), axis=1)


def shares_of(values: Floats, season: int) -> Floats:
    """Mean share of each phase in its cycle, the last cycles first; 1 where cycles have no sum.

    Column 0 is the phase of the step that follows the history; needs values without gaps.
    """
    count, steps = values.shape
    if season == 1:
        return np.ones((count, 1))
    cycles = steps // season
    blocks = values[:, steps - cycles * season :].reshape(count, cycles, season)
    level = blocks.mean(axis=2, keepdims=True)
    shares = np.where(level > 0, blocks / np.where(level > 0, level, 1.0), 1.0)
    weight = FADING[season <= SHORT] ** np.arange(cycles)[::-1]
    shares = (shares * weight[None, :, None]).sum(axis=1) / weight.sum()
    return np.maximum(shares / shares.mean(axis=1, keepdims=True), LEAST_SHARE)
