"""Smoothed level, damped trend and seasons: what has been, most recent first, spikes ignored."""

from collections.abc import Iterator, Sequence
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
        return next(self.fit_before(history, (0,)))

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[FittedDamped]:
        """The state passes every origin on its way through the history."""
        stops = sorted(history.steps - origin for origin in origins)
        grid, seasons = self._grid(history.season if stops[0] >= 2 * history.season else 1)
        states = dict(zip(stops, smooth(history.values, seasons, grid, stops), strict=True))
        for origin in origins:
            state = states[history.steps - origin]
            empty = history.before(origin).known() == 0
            level = np.where(empty, np.nan, state.level) if empty.any() else state.level
            yield FittedDamped(State(level, state.trend, state.profiles, state.damping))

    def _grid(self, season: int) -> tuple[Grid, tuple[int, ...]]:
        seasons = (season,) if season > 1 else ()
        gammas = self.slow_seasons if season < self.slow_from else self.fast_seasons
        tried = [
            (level, level * trend, (1 - level) * gamma if seasons else 0.0)
            for level in self.levels
            for trend in self.trends
            for gamma in (gammas if seasons else (0.0,))
        ]
        grid = Grid(*(tuple(part) for part in zip(*tried, strict=True)), damping=self.damping)
        return grid, seasons


MODELS: dict[str, Model] = {"damped": Damped(), "damped_ratio": Logged(Damped())}
