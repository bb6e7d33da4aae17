"""Days of the month that cost more, month after month, on top of another model.

Support fees, marketplace subscriptions and licence renewals fall on the first or the last days.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.forecast.damped import Damped
from models.forecast.history import Days, Fitted, Floats, History, Model
from models.forecast.same_day_last_month import day_of_month
from models.known import median

NEIGHBOURS = 3  # days on each side that a day is compared with
MONTHS = 6  # looked back
TIMES = 3  # months a day must have stood out, and those that tell by how much
CLEAR = 4.0  # spreads by which it must stand out
DAYS = 31 + 1  # by day of month, and the last one again as number 0


@dataclass(frozen=True, eq=False)
class FittedMonthEffect:
    """The inner model and what to add, series x (last day, 1st, 2nd, ... 31st)."""

    inner: Fitted
    effect: Floats
    last_day: Days

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        ahead = self.last_day[:, None] + np.arange(1, days + 1) * np.timedelta64(1, "D")
        return self.inner.predict(days) + _at(self.effect, ahead)


@dataclass(frozen=True, eq=False)
class NotUsable:
    """The answer where a model can't work: NaN, which the backtest never chooses."""

    count: int

    def predict(self, days: int) -> Floats:
        """Series by steps, all NaN."""
        return np.full((self.count, days), np.nan)


@dataclass(frozen=True)
class MonthEffect:
    """Fit `model` on what is left after taking out the days that stand out in most months."""

    model: Model

    def fit(self, history: History) -> FittedMonthEffect | NotUsable:
        """Not usable without a calendar, in less than three months, or if no day stands out."""
        count = len(history.values)
        if history.last_day is None or history.steps < 31 * TIMES:
            return NotUsable(count)
        back = np.arange(history.steps - 1, -1, -1) * np.timedelta64(1, "D")
        days = history.last_day[:, None] - back
        effect = _effects(history.values, days)
        concerned = np.flatnonzero(np.abs(effect).max(axis=1) > 0)
        if not len(concerned):
            return NotUsable(count)
        part = history.rows(concerned)
        rest = part.values - _at(effect[concerned], days[concerned])
        inner = self.model.fit(replace(part, values=rest))
        everyone = _Spread(inner, concerned, count)
        return FittedMonthEffect(everyone, effect, history.last_day)


@dataclass(frozen=True, eq=False)
class _Spread:
    """A model fitted on some of the series; the others are NaN."""

    inner: Fitted
    rows: np.ndarray[tuple[int], np.dtype[np.intp]]
    count: int

    def predict(self, days: int) -> Floats:
        out = np.full((self.count, days), np.nan)
        out[self.rows] = self.inner.predict(days)
        return out


def _effects(values: Floats, days: Days) -> Floats:
    """Series x DAYS: the usual excess of a day over its neighbours, zero unless it is clear.

    Many months tell whether there is one, the last ones how much: a fee that follows a growing bill
    would else be months behind.
    """
    span = min(values.shape[1], 31 * MONTHS)
    values, days = values[:, -span:], days[:, -span:]
    shifted = [np.roll(values, k, axis=1) for k in range(-NEIGHBOURS, NEIGHBOURS + 1) if k]
    stack = np.stack(shifted, axis=2)
    typical = np.where(np.isfinite(stack).any(axis=2), median(stack), 0.0)
    excess = values - typical
    excess[:, :NEIGHBOURS] = np.nan
    excess[:, -NEIGHBOURS:] = np.nan
    spread = 1.48 * median(np.abs(excess)) + 1e-3 * np.abs(median(values)) + 1e-9
    number = day_of_month(days)
    last = day_of_month(days + np.timedelta64(1, "D")) == 1
    effect = np.zeros((len(values), DAYS))
    for day in range(DAYS):
        mask = last if day == 0 else (number == day) & ~last
        found = np.where(mask, excess, np.nan)
        times = np.isfinite(found).sum(axis=1)
        usual = np.nan_to_num(median(found))
        low = np.where(np.isfinite(found), np.abs(found - usual[:, None]), 0).max(axis=1)
        clear = (times >= TIMES) & (np.abs(usual) > CLEAR * spread) & (low < np.abs(usual))
        effect[:, day] = np.where(clear, _newest(found), 0.0)
    return effect


def _newest(found: Floats) -> Floats:
    """Median of the last TIMES known values of each row; zero where nothing is known."""
    behind = np.isfinite(found)[:, ::-1].cumsum(axis=1)[:, ::-1]
    return np.nan_to_num(median(np.where(behind <= TIMES, found, np.nan)))


def _at(effect: Floats, days: Days) -> Floats:
    number = day_of_month(days)
    last = day_of_month(days + np.timedelta64(1, "D")) == 1
    return np.take_along_axis(effect, np.where(last, 0, number), axis=1)


MODELS: dict[str, Model] = {"damped_month": MonthEffect(Damped())}
