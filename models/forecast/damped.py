"""Smoothed level, damped trend and seasons: what has been, most recent first, spikes ignored."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats, History, Model
from models.forecast.logged import Logged
from models.forecast.smoothing import Grid, State, smooth

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, eq=False)
class FittedDamped:
    """The state after the last known step."""

    state: State

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        return self.state.ahead(days)


@dataclass(frozen=True)
class Damped:
    """Exponential smoothing; the strength of each part is found per series.

    Seasons shorter than `slow_from` steps move slowly, since many cycles are known; longer ones
    follow their last cycles.
    """

    levels: tuple[float, ...] = LEVELS
    trends: tuple[float, ...] = (0.0, 0.1)
    slow_seasons: tuple[float, ...] = (0.02, 0.1)
    fast_seasons: tuple[float, ...] = (0.1, 0.3, 0.6)
    slow_from: int = 12
    damping: float = 0.95

    def fit(self, history: History) -> FittedDamped:
        """Run over the whole history once."""
        season = history.season if history.steps >= 2 * history.season else 1
        seasons = (season,) if season > 1 else ()
        gammas = self.slow_seasons if season < self.slow_from else self.fast_seasons
        tried = [
            (level, level * trend, (1 - level) * gamma if seasons else 0.0)
            for level in self.levels
            for trend in self.trends
            for gamma in (gammas if seasons else (0.0,))
        ]
        grid = Grid(*(tuple(part) for part in zip(*tried, strict=True)), damping=self.damping)
        state = smooth(history.values, seasons, grid)
        empty = history.known() == 0
        if empty.any():
            level = np.where(empty, np.nan, state.level)
            state = State(level, state.trend, state.profiles, state.damping)
        return FittedDamped(state)


MODELS: dict[str, Model] = {"damped": Damped(), "damped_ratio": Logged(Damped())}
