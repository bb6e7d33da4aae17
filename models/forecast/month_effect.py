"""Days of the month that cost more, month after month, on top of another model.

Support fees, marketplace subscriptions and licence renewals fall on the first or the last days. In
a month that lacks the day they fall on its last, together with what is due on that day anyway.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.forecast.damped import Damped
from models.forecast.history import Days, Fitted, Floats, History, Model
from models.forecast.month import ALWAYS, LONGEST, day_of_month, due, is_last
from models.known import median

NEIGHBOURS = 3  # days on each side that a day is compared with
MONTHS = 6  # looked back
TIMES = 3  # months a day must have stood out, and those that tell by how much
CLEAR = 4.0  # spreads by which it must stand out
ROUNDS = 8  # of telling the last days apart: two that fall together settle within one percent


@dataclass(frozen=True, eq=False)
class FittedMonthEffect:
    """The inner model and what to add, series x LONGEST days of the month."""

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
    """Series x LONGEST: the usual excess of a day over its neighbours, zero unless it is clear.

    Many months tell whether there is one, the last ones how much: a fee that follows a growing bill
    would else be months behind.
    """
    span = min(values.shape[1], LONGEST * MONTHS)
    values, days = values[:, -span:], days[:, -span:]
    shifted = [np.roll(values, k, axis=1) for k in range(-NEIGHBOURS, NEIGHBOURS + 1) if k]
    stack = np.stack(shifted, axis=2)
    typical = np.where(np.isfinite(stack).any(axis=2), median(stack), 0.0)
    excess = values - typical
    excess[:, :NEIGHBOURS] = np.nan
    excess[:, -NEIGHBOURS:] = np.nan
    spread = 1.48 * median(np.abs(excess)) + 1e-3 * np.abs(median(values)) + 1e-9
    falls = due(days[:, -1], MONTHS + 2)  # as many calendar months have a day in so many days
    place = (falls - days[:, :1, None]).astype(np.intp)
    series = np.arange(len(values))[:, None, None]
    inside = (place >= 0) & (place < span)
    found = np.where(inside, excess[series, np.clip(place, 0, span - 1)], np.nan)
    effect = _clear(found, spread)
    together = place[:, ALWAYS:, None] == place[:, None, ALWAYS:]
    effect[:, ALWAYS:], found[:, ALWAYS:] = _told_apart(found[:, ALWAYS:], together, spread)
    return np.where(effect != 0, _newest(found), 0.0)


def _clear(found: Floats, spread: Floats) -> Floats:
    """Medians along the last axis, the months; zero unless the day stood out in the same way in
    each of them, and in at least TIMES.
    """
    usual = np.nan_to_num(median(found))
    known = np.isfinite(found)
    off = np.where(known, np.abs(found - usual[..., None]), 0).max(axis=-1)
    size = np.abs(usual)
    clear = (known.sum(axis=-1) >= TIMES) & (size > CLEAR * spread[:, None]) & (off < size)
    return np.where(clear, usual, 0.0)


def _told_apart(
    found: Floats, together: NDArray[np.bool_], spread: Floats
) -> tuple[Floats, Floats]:
    """Effects of days that fall together in some months, and what is found of each alone.

    Series x day x month, and series x day x day x month. The months where none fall together speak
    first. Then one effect is changed at a time, the one that leaves least unexplained (coordinate
    descent on the sum of absolute residuals): in April the 30th and the 31st are one day, in May
    only the right one of them stands out.
    """
    series = np.arange(len(found))
    effect = _clear(np.where(together.sum(axis=2) > 1, np.nan, found), spread)
    for _ in range(ROUNDS):
        rest = found - np.einsum("na,nabm->nbm", effect, together)
        alone = rest + effect[..., None]
        better = _clear(alone, spread)
        gain = np.nansum(np.abs(rest) - np.abs(alone - better[..., None]), axis=-1)
        day = gain.argmax(axis=1)
        effect[series, day] = np.where(
            gain[series, day] > 0, better[series, day], effect[series, day]
        )
    rest = found - np.einsum("na,nabm->nbm", effect, together)
    return effect, rest + effect[..., None]


def _newest(found: Floats) -> Floats:
    """Medians of the last TIMES known values along the last axis; zero where nothing is known."""
    behind = np.isfinite(found)[..., ::-1].cumsum(axis=-1)[..., ::-1]
    return np.nan_to_num(median(np.where(behind <= TIMES, found, np.nan)))


def _at(effect: Floats, days: Days) -> Floats:
    """What falls on each day: on the last of a month also what is due on the days it lacks."""
    number = day_of_month(days) - 1
    until_31 = effect[:, ::-1].cumsum(axis=1)[:, ::-1]
    alone = np.take_along_axis(effect, number, axis=1)
    return np.where(is_last(days), np.take_along_axis(until_31, number, axis=1), alone)


MODELS: dict[str, Model] = {"damped_month": MonthEffect(Damped())}
