"""Half of the long trend on a smoothed level, times the season: the Theta method.

Where `damped` ignores spikes and follows the median, this one follows the mean. V. Assimakopoulos
and K. Nikolopoulos, "The theta model", 2000; as smoothing with drift: R. Hyndman and B. Billah,
"Unmasking the Theta method", 2003.
"""

from dataclasses import dataclass

import numpy as np

from models.forecast.deseasoned import CYCLES, filled, shares_of
from models.forecast.history import Floats, History, Model
from models.forecast.month_effect import NotUsable

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 1.0)
FORGET = 0.995  # what an error one step older counts in choosing the level's speed


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
        values = filled(history.values)[:, -span:]
        season = season if whole else 1
        shares = shares_of(values, season)
        flat = values / shares[:, (np.arange(span) - span) % season]
        time = np.arange(span) - (span - 1) / 2
        slope = (flat * time).sum(axis=1) / max(float((time**2).sum()), 1.0)
        return FittedTheta(_level(flat, slope / 2), slope / 2, shares)


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
