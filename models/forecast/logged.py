"""Let another model see ratios: it is fitted on logarithms, as swings often grow with the level."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Fitted, Floats, History, Model

SMALL = 0.05  # of the typical value: what is added before taking logarithms, so that zero has one
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
        values = history.values
        known = np.isfinite(values)
        total = np.where(known, np.abs(values), 0.0).sum(axis=1)
        scale = SMALL * total / np.maximum(known.sum(axis=1), 1)
        scale = np.where(scale > 0, scale, 1.0)
        usable = np.where(history.floor() == 0, 1.0, np.nan)
        logs = np.log1p(np.maximum(values, 0) / scale[:, None])
        inner = self.model.fit(History(logs, history.season, history.long_season, history.last_day))
        highest = np.where(known, values, 0.0).max(axis=1, initial=0.0)
        return FittedLogged(inner, scale, HEADROOM * highest, usable)
