"""Each step as a weighted sum of earlier ones: yesterday, last week, the weeks before.

Ridge regression on lags, solved for all series in one go, with outliers weighted down.
"""

from dataclasses import dataclass

import numpy as np

from models.forecast.deseasoned import Deseasoned
from models.forecast.history import Floats, History, Model
from models.forecast.logged import Logged
from models.known import median

OUTLIER = 2.0  # spreads; a larger error counts less, as in Huber's regression
ROUNDS = 3  # of weighting outliers down
BEYOND = 3.0  # standard deviations outside the known range that a forecast may reach
REACH = 4  # seasons back that a gap may be filled from
BLOCK = 2_000_000  # numbers held in one design matrix


@dataclass(frozen=True, eq=False)
class FittedAutoregression:
    """Weights per lag, and the end of the history they are applied to."""

    tail: Floats  # standardised, series x longest lag, no NaN
    weights: Floats  # series x (lags + 1), the last is the constant
    lags: tuple[int, ...]
    centre: Floats
    spread: Floats
    low: Floats
    high: Floats

    def predict(self, days: int) -> Floats:
        """Series by steps: each forecast step is fed back as known."""
        count, width = self.tail.shape
        path = np.concatenate([self.tail, np.zeros((count, days))], axis=1)
        back = np.array(self.lags, dtype=np.intp)
        for step in range(width, width + days):
            nxt = (path[:, step - back] * self.weights[:, :-1]).sum(axis=1) + self.weights[:, -1]
            path[:, step] = np.clip(nxt, self.low, self.high)
        return path[:, width:] * self.spread[:, None] + self.centre[:, None]


@dataclass(frozen=True)
class Autoregression:
    """Lags are chosen from the season and the length of the history."""

    ridge: float = 1.0
    cycles: int = 4  # a lag may be at most 1 / cycles of the history
    memory: int = 2000  # steps that are looked at

    def fit(self, history: History) -> FittedAutoregression:
        """Solve the regression of each series; series with too few rows get their mean."""
        lags = self.lags(history)
        values = history.values[:, -self.memory :]
        known = np.isfinite(values)
        number = np.maximum(known.sum(axis=1), 1)
        centre = np.where(known, values, 0.0).sum(axis=1) / number
        centred = np.where(known, values - centre[:, None], 0.0)
        spread = np.sqrt((centred**2).sum(axis=1) / number)
        spread = np.where(spread > 1e-12 * np.abs(centre) + 1e-300, spread, 1.0)
        z = np.where(known, centred / spread[:, None], np.nan)
        size = max(1, BLOCK // max(1, z.shape[1] * (len(lags) + 1)))
        weights = [self._solve(z[i : i + size], lags) for i in range(0, len(z), size)]
        filled = _filled(z, history.season)
        return FittedAutoregression(
            tail=filled[:, -max(lags) :],
            weights=np.concatenate(weights) if weights else np.zeros((0, len(lags) + 1)),
            lags=lags,
            centre=np.where(known.any(axis=1), centre, np.nan),
            spread=spread,
            low=filled.min(axis=1, initial=0.0) - BEYOND,
            high=filled.max(axis=1, initial=0.0) + BEYOND,
        )

    def lags(self, history: History) -> tuple[int, ...]:
        """The last steps, the same phase of earlier seasons, and its neighbours."""
        m, longest = history.season, max(1, history.steps // self.cycles)
        wanted = {1, 2, 3, 4}
        if m <= 7:
            wanted |= set(range(1, 15)) | {21, 28}
        else:
            wanted |= {k * m + d for k in (1, 2) for d in (-2, -1, 0, 1)}
            wanted |= {k * m for k in range(3, 8)}
        if history.long_season > 1:
            wanted |= {history.long_season + d for d in (-1, 0, 1)}
        return tuple(sorted(lag for lag in wanted if lag <= longest)) or (1,)

    def _solve(self, z: Floats, lags: tuple[int, ...]) -> Floats:
        longest = max(lags)
        target = z[:, longest:]
        design = np.ones((len(z), len(lags) + 1, target.shape[1]))  # the last is the constant
        for place, lag in enumerate(lags):
            design[:, place] = z[:, longest - lag : z.shape[1] - lag]
        usable = np.isfinite(target) & np.isfinite(design).all(axis=1)
        target = np.where(usable, target, 0.0)
        design = np.where(usable[:, None], design, 0.0)
        penalty = np.diag([self.ridge] * len(lags) + [1e-6])
        trust = np.ones_like(target)
        weights = np.zeros((len(z), len(lags) + 1))
        for _ in range(1 + ROUNDS):
            weighted = design * trust[:, None]
            square = np.matmul(weighted, design.transpose(0, 2, 1)) + penalty
            right = np.matmul(weighted, target[:, :, None])
            weights = np.linalg.solve(square, right)[:, :, 0]
            error = np.abs(target - np.matmul(weights[:, None], design)[:, 0])
            typical = np.nan_to_num(median(np.where(usable, error, np.nan)))[:, None]
            trust = np.minimum(1.0, OUTLIER * 1.48 * (typical + 1e-9) / (error + 1e-9))
        return weights


def _filled(values: Floats, season: int) -> Floats:
    """Unknown values replaced by those of the season before, else by zero, the mean."""
    out = values.copy()
    for _ in range(REACH if np.isnan(out).any() and season < out.shape[1] else 0):
        out[:, season:] = np.where(np.isnan(out[:, season:]), out[:, :-season], out[:, season:])
    return np.nan_to_num(out)


MODELS: dict[str, Model] = {
    "autoregression": Deseasoned(Autoregression()),
    "autoregression_long": Deseasoned(Autoregression(), is_long=True),
    "autoregression_ratio": Logged(Autoregression()),
}
