"""Let another model see ratios: it is fitted on logarithms, as swings often grow with the level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.forecast.history import Fitted, Floats, History, Model, fits
from models.known import mean

SMALL = 0.05  # of the typical value: what is added before taking logarithms, so that zero has one
FIRST = 4  # values that stand for the size of a series that began later
HEADROOM = 3.0  # times the largest known value: no forecast goes beyond


@dataclass(frozen=True, eq=False)
class FittedLogged:
    """The inner model with the scale that leads back to the original unit."""

    inner: Fitted
    scale: Floats
    ceiling: Floats
    usable: Floats  # 1 where the series has no negative value, else NaN

    def predict(self, days: int) -> Floats:
        """Series by steps; NaN for a series with negative values, which has no logarithm."""
        scale = self.scale[:, None]
        raw = np.exp(np.minimum(self.inner.predict(days), 50)) * scale - scale
        return np.clip(raw, 0, self.ceiling[:, None]) * self.usable[:, None]


@dataclass(frozen=True)
class Logged:
    """Fit `model` on log(1 + value / scale); the forecast is a median, not a mean."""

    model: Model

    def fit(self, history: History) -> FittedLogged:
        """Negative series are passed through as NaN, so the backtest never picks them."""
        return next(self.fit_before(history, (0,)))

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[FittedLogged]:
        """One scale for all origins, from what is known before the first."""
        scale = _scale(history, max(origins))
        logs = np.log1p(np.maximum(history.values, 0) / scale[:, None])
        inner = fits(self.model, replace(history, values=logs), origins)
        for origin, fitted in zip(origins, inner, strict=True):
            seen = history.before(origin)
            usable = np.where(seen.floor() == 0, 1.0, np.nan)
            highest = np.where(np.isfinite(seen.values), seen.values, 0.0).max(axis=1, initial=0.0)
            yield FittedLogged(fitted, scale, HEADROOM * highest, usable)


def _scale(history: History, origin: int) -> Floats:
    """A share of the typical size before the origin, or of the first values that are not zero."""
    size = np.abs(history.values)
    active = np.isfinite(size) & (size > 0)
    first = mean(np.where(active & (np.cumsum(active, axis=1) <= FIRST), size, np.nan), 1)
    typical = mean(size[:, : history.steps - origin], 1)
    scale = SMALL * np.where(typical > 0, typical, first)
    return np.where(scale > 0, scale, 1.0)
