"""Public holidays on working days: what they usually change is said of those to come.

Models see the days between them only, and what they say of a holiday is changed by as much as the
holidays that were known at that time differed from the same weekday of the weeks before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

import holidays
import numpy as np
from numpy.typing import NDArray

from models.errors import UnknownCalendar
from models.forecast.history import Days, Fitted, Floats, History, Model, fits
from models.known import median, total

Flags = NDArray[np.bool_]

WEEKS = 4  # before a day, whose same weekdays it is compared with
WEEK = 7  # days
FEWEST = 3  # holidays that tell
CLEAR = 3.0  # standard errors of the median by which they must differ
ALIKE = 0.5  # of what they differ may be left after the usual is taken off
LEAST = 0.02  # share of a day that is worth it
MOST = 2.0  # a holiday costs at most so many times more
RECENT = 400  # days that tell


def calendar(codes: Sequence[str], first: date, last: date) -> Days:
    """Public holidays on working days from `first` to `last`, of any of the countries.

    A code is a country's of ISO 3166, or with one of its parts as in DE-BY. Raises
    `UnknownCalendar`.
    """
    years = range(first.year, last.year + 1)
    found = set[date]()
    for code in codes:
        country, _, part = code.partition("-")
        try:
            days = holidays.country_holidays(country, subdiv=part or None, years=years)
        except NotImplementedError as error:
            raise UnknownCalendar(code) from error
        found |= {day for day in days if first <= day <= last and not days.is_weekend(day)}
    return np.array(sorted(found), dtype="datetime64[D]")


@dataclass(frozen=True, eq=False)
class Holidays:
    """What holidays were like in each series; arrays of series x step of the history."""

    history: History  # without the holidays of the series in which they differ
    is_holiday: Flags
    change: Floats  # share that a day was above the same weekday of the weeks before
    effects: dict[int, Floats] = field(default_factory=dict[int, Floats])  # those asked for

    @classmethod
    def of(cls, history: History) -> Self | None:
        """None if they make no difference anywhere, or none are known."""
        if history.last_day is None or history.holidays is None or not len(history.holidays):
            return None
        days = days_after(history.last_day, np.arange(1 - history.steps, 1))
        is_holiday = np.isin(days, history.holidays)
        ordinary = np.where(is_holiday, np.nan, history.values)
        found = cls(history, is_holiday, _change(history.values, ordinary))
        differ = found.effect(0) != 0
        if not differ.any():
            return None
        without = np.where(differ[:, None], ordinary, history.values)
        return replace(found, history=replace(history, values=without))

    def effect(self, origin: int) -> Floats:
        """Share by which holidays differ, per series, known so many steps ago; zero if unclear."""
        if origin not in self.effects:
            self.effects[origin] = self._effect(origin)
        return np.where(self.effects[0] != 0, self.effects[origin], 0.0)

    def _effect(self, origin: int) -> Floats:
        until = self.change.shape[1] - origin
        seen = slice(max(0, until - RECENT), until)
        holiday, change = self.is_holiday[:, seen], self.change[:, seen]
        there = np.where(holiday, change, np.nan)
        usual = np.nan_to_num(median(there))
        count = np.isfinite(there).sum(axis=1)
        spread = 1.48 * np.nan_to_num(median(np.abs(np.where(holiday, np.nan, change))))
        error = 1.25 * spread / np.sqrt(np.maximum(count, 1))
        left = total(np.abs(there - usual[:, None]), 1)
        large = np.abs(usual) > np.maximum(CLEAR * error, LEAST)
        clear = (count >= FEWEST) & large & (left < ALIKE * total(np.abs(there), 1))
        return np.where(clear, np.clip(usual, -1.0, MOST), 0.0)

    def models(self, models: Mapping[str, Model]) -> dict[str, Model]:
        """The models, each of which now knows holidays."""
        return {name: _Around(model, self) for name, model in models.items()}

    def changed(self, said: Floats, origin: int) -> Floats:
        """What was said at an origin, series x step, with what holidays change of it."""
        history = self.history.before(origin)
        if history.last_day is None or history.holidays is None:
            return said
        days = days_after(history.last_day, np.arange(1, said.shape[1] + 1))
        return said * (1 + self.effect(origin)[:, None] * np.isin(days, history.holidays))

    def reasons(self, steps: int) -> list[str | None]:
        """A sentence per series on which one of the coming steps is such a holiday."""
        ones = np.ones((len(self.change), steps))
        ahead = (self.changed(ones, 0) != 1).sum(axis=1)
        return [
            f"{abs(effect):.0%} {'less' if effect < 0 else 'more'} on {count} public "
            f"holiday{'s' if count > 1 else ''} ahead, as on those before"
            if count
            else None
            for effect, count in zip(self.effect(0).tolist(), ahead.tolist(), strict=True)
        ]


def days_after(last_day: Days, steps: NDArray[np.intp]) -> Days:
    """Series x step: the days so many steps after the last one."""
    return last_day[:, None] + steps * np.timedelta64(1, "D")


def _change(values: Floats, ordinary: Floats) -> Floats:
    """Series x step: how far each is above the median of the same weekday in the weeks before."""
    steps = values.shape[1]
    before = np.full((*values.shape, WEEKS), np.nan)
    for week in range(1, min(WEEKS, (steps - 1) // WEEK) + 1):
        before[:, week * WEEK :, week - 1] = ordinary[:, : steps - week * WEEK]
    usual = median(before)
    return np.divide(values, usual, out=np.full_like(values, np.nan), where=usual > 0) - 1


@dataclass(frozen=True, eq=False)
class _Around:
    """A model that sees the days between holidays."""

    model: Model
    holidays: Holidays

    def fit(self, history: History) -> Fitted:
        return next(self.fit_before(history, (0,)))

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[Fitted]:
        """Of the history that the holidays were found in, whatever is given."""
        fitted = fits(self.model, self.holidays.history, origins)
        for origin, inner in zip(origins, fitted, strict=True):
            yield _Changed(inner, self.holidays, origin)


@dataclass(frozen=True, eq=False)
class _Changed:
    inner: Fitted
    holidays: Holidays
    origin: int

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        return self.holidays.changed(self.inner.predict(days), self.origin)
