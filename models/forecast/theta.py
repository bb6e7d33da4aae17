"""Half of the long trend on a smoothed level, times the season: the Theta method.

Where `damped` ignores spikes and follows the median, this one follows the mean. V. Assimakopoulos
and K. Nikolopoulos, "The theta model", 2000; as smoothing with drift: R. Hyndman and B. Billah,
"Unmasking the Theta method", 2003.
"""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats, History, Model
from models.forecast.month_effect import NotUsable

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 1.0)
FORGET = 0.995  # what an error one step older counts in choosing the level's speed
LEAST_SHARE = 0.05  # of the mean: no phase of a season is taken to be smaller
CYCLES = 2  # of a season that must be known
FADING = {True: 0.97, False: 0.9}  # weight of a cycle over the next one; is the season short?
SHORT = 7  # steps


@dataclass(frozen=True, eq=False)
class FittedTheta:
    """Level and drift without the season, and the season, whose column 0 is the next step."""

    level: Floats
    drift: Floats
    season: Floats

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        ahead = np.arange(days)
        line = self.level[:, None] + self.drift[:, None] * (ahead + 1)
        return line * self.season[:, ahead % self.season.shape[1]]


@dataclass(frozen=True)
class Theta:
    """The speed of the level is found per series, by the squared error one step ahead."""

    is_long: bool = False  # with the long season instead of the short one
    memory: int = 400  # steps looked back, and at least four cycles of the season

    def fit(self, history: History) -> FittedTheta | NotUsable:
        """The long variant is not usable where there is no long season, or less than two cycles."""
        season = history.long_season if self.is_long else history.season
        whole = season > 1 and history.steps >= CYCLES * season
        if self.is_long and not whole:
            return NotUsable(len(history.values))
        span = min(history.steps, max(self.memory, 4 * season))
        values = _filled(history.values)[:, -span:]
        season = season if whole else 1
        indices = _indices(values, season)
        flat = values / indices[:, (np.arange(span) - span) % season]
        time = np.arange(span) - (span - 1) / 2
        slope = (flat * time).sum(axis=1) / max(float((time**2).sum()), 1.0)
        return FittedTheta(_level(flat, slope / 2), slope / 2, indices)


def _filled(values: Floats) -> Floats:
    """Gaps hold the last known value; before the first one, the first."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    return np.take_along_axis(values, np.maximum(last, known.argmax(axis=1)[:, None]), axis=1)


def _indices(values: Floats, season: int) -> Floats:
    """Mean share of each phase in its cycle, the last cycles first; 1 where cycles have no sum."""
    count, steps = values.shape
    if season == 1:
        return np.ones((count, 1))
    cycles = steps // season
    blocks = values[:, steps - cycles * season :].reshape(count, cycles, season)
    level = blocks.mean(axis=2, keepdims=True)
    shares = np.where(level > 0, blocks / np.where(level > 0, level, 1.0), 1.0)
    weight = FADING[season <= SHORT] ** np.arange(cycles)[::-1]
    indices = (shares * weight[None, :, None]).sum(axis=1) / weight.sum()
    return np.maximum(indices / indices.mean(axis=1, keepdims=True), LEAST_SHARE)


def _level(values: Floats, drift: Floats) -> Floats:
    """Smooth with all speeds at once and keep the best of each series."""
    speed = np.array(LEVELS)[None, :]
    level = np.repeat(values[:, :1], len(LEVELS), axis=1)
    loss = np.zeros_like(level)
    for step in range(1, values.shape[1]):
        error = values[:, step : step + 1] - level - drift[:, None]
        loss = FORGET * loss + error**2
        level = level + drift[:, None] + speed * error
    return level[np.arange(len(level)), np.nan_to_num(loss).argmin(axis=1)]


MODELS: dict[str, Model] = {"theta": Theta(), "theta_long": Theta(is_long=True)}
