"""What a day should cost by the days before it: level, weekday, spread, and last month's same day.

All series of a panel at once, filled one day after the other; nothing here looks ahead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats
from models.known import mean, median, total

Flags = NDArray[np.bool_]

WEEK = 7
WEEKS = 6  # that give the weekday profile
RECENT = 9  # days that give the level: more than a week, so that one spike can't move the median
SPREAD_DAYS = 56  # that give the spread
FIRST_SPREAD = 0.10  # of the level, as long as hardly any is measured
ENOUGH = 7  # errors that make a spread
FAST, SLOW_FROM, SLOW_TO = 5, 35, 8  # days: the last ones against those of the weeks before
PACES = 90  # days of that comparison that tell the usual growth
LEAST_PACE = 0.02  # of the level
ALIKE = 0.25  # an excess within this share of last month's on the same day is that one again
WEEKDAY_FLOOR = 0.05  # of the level; a weekday below says nothing about the level


@dataclass(frozen=True, eq=False)
class Today:
    """The expectation for one day, an entry per series."""

    level: Floats
    profile: Floats  # the weekday's share of the level
    spread: Floats  # of the level
    usual: Floats  # what the same day cost on top in one of the last months; 0 = nothing special
    growth: Floats  # the last days over the weeks before, minus 1
    pace: Floats  # that growth in spreads of the usual one
    slow: Floats  # level of the weeks before

    @property
    def plain(self) -> Floats:
        """Expected cost without what comes monthly."""
        return self.level * self.profile


class Baseline:
    """Memory of one panel, series x day."""

    def __init__(self, values: Floats, same_day: NDArray[np.intp], least_spread: float) -> None:
        self.values = values
        self.same_day = same_day  # per day: the column of the same day last month, -1 = not known
        self.least_spread = least_spread
        self._clean, self._level, self._error, self._growth, self._excess = (
            np.full(values.shape, np.nan) for _ in range(5)
        )

    def expect(self, day: int) -> Today:
        """Look at the days before; the day itself tells growth, and which month it repeats."""
        profile = self._profile(day)
        level = median(self._level[:, max(0, day - RECENT) : day])
        week = mean(self._clean[:, max(0, day - WEEK) : day], 1)
        level = np.nan_to_num(np.where(np.isfinite(level), level, week))
        usual = self._usual(day, self.values[:, day] - level * profile)
        slow = np.nan_to_num(
            median(self._level[:, max(0, day - SLOW_FROM) : max(0, day - SLOW_TO)])
        )
        growth, pace = self._pace(day, slow, profile, usual)
        return Today(level, profile, self._spread(day), usual, growth, pace, slow)

    def learn(self, day: int, today: Today, expected: Floats, accepted: Flags, odd: Flags) -> None:
        """Remember the day: as it was where `accepted`, otherwise as it was expected.

        `odd` days are right but say nothing about the level: a monthly fee.
        """
        actual = self.values[:, day]
        self._clean[:, day] = np.where(accepted & ~odd, actual, today.plain)
        share = np.where(today.profile > WEEKDAY_FLOOR, today.profile, np.nan)
        self._level[:, day] = np.where(accepted & ~odd, actual / share, today.level)
        scale = np.where(today.level > 0, today.level, np.nan)
        self._error[:, day] = np.where(accepted, (actual - expected) / scale, np.nan)
        self._growth[:, day] = np.where(accepted, today.growth, np.nan)
        far = np.abs(actual - today.plain) > 3 * today.spread * np.abs(today.level)
        self._excess[:, day] = np.where(far, actual - today.plain, 0.0)

    def adopt(self, day: int, which: Flags, days: int) -> None:
        """Make the last `days` the new normal of some series."""
        rows = np.flatnonzero(which)
        start = max(0, day + 1 - days)
        actual = self.values[rows, start : day + 1]
        old = total(self._clean[rows, start : day + 1], 1)
        ratio = np.where(old > 0, total(actual, 1) / np.where(old > 0, old, 1.0), np.nan)
        self._clean[rows, :start] *= ratio[:, None]  # what was before, had it been at this level
        self._level[rows, : day + 1] *= ratio[:, None]
        known = np.isfinite(actual)
        self._clean[rows, start : day + 1] = np.where(known, actual, np.nan)
        fresh = np.isnan(ratio)
        self._level[rows[fresh], start : day + 1] = actual[fresh]
        self._growth[rows] = np.nan

    def above_since(self, day: int, today: Today, longest: int) -> NDArray[np.intp]:
        """For how many days before `day` the cost has been above the level of the weeks before."""
        line = today.slow * (1 + np.minimum(1.5 * today.spread, 0.1))
        span = self._level[:, max(0, day - longest) : day]
        above = (span > line[:, None])[:, ::-1]
        return np.where(above.all(axis=1), above.shape[1], (~above).argmax(axis=1)).astype(np.intp)

    def _usual(self, day: int, off: Floats) -> Floats:
        """The excess of the same day last month or the month before, whichever today is nearer."""
        last = self.same_day[day]
        if last < 0:
            return np.zeros(len(off))
        one = np.nan_to_num(self._excess[:, last])
        before = self.same_day[last]
        if before < 0:
            return one
        other = np.nan_to_num(self._excess[:, before])
        closer = (other != 0) & (np.abs(off - other) < np.abs(off - one))
        return np.where(closer, other, one)

    def _profile(self, day: int) -> Floats:
        """Share of this weekday in its week, the median of the last weeks; 1 while unknown."""
        weeks = min(WEEKS, (day - 3) // WEEK)
        count = len(self.values)
        if weeks < 1:
            return np.ones(count)
        span = self._clean[:, day - weeks * WEEK - 3 : day - 3].reshape(count, weeks, WEEK)
        whole = np.isfinite(span).all(axis=2)
        week = np.where(whole, np.nan_to_num(span).mean(axis=2), np.nan)
        share = np.where(week > 0, span[:, :, 3] / np.where(week > 0, week, 1.0), np.nan)
        found = median(share)
        return np.where((whole.sum(axis=1) >= 2) & np.isfinite(found), np.maximum(found, 0.0), 1.0)

    def _spread(self, day: int) -> Floats:
        """Robust, but wide enough for tails that are always there."""
        errors = np.abs(self._error[:, max(0, day - SPREAD_DAYS) : day])
        number = np.isfinite(errors).sum(axis=1)
        if errors.shape[1] == 0:
            return np.full(len(errors), FIRST_SPREAD)
        ordered = np.sort(errors, axis=1)
        tail = np.maximum((0.95 * (number - 1)).astype(np.intp), 0)
        high = np.take_along_axis(ordered, tail[:, None], 1)[:, 0]
        spread = np.maximum(1.48 * median(errors), high / 2)
        spread = np.where(number >= ENOUGH, spread, np.maximum(np.nan_to_num(spread), FIRST_SPREAD))
        return np.maximum(spread, self.least_spread)

    def _pace(
        self, day: int, slow: Floats, profile: Floats, usual: Floats
    ) -> tuple[Floats, Floats]:
        share = np.where((profile > WEEKDAY_FLOOR) & (usual == 0), profile, np.nan)
        latest = (self.values[:, day] / share)[:, None]
        fast = median(np.concatenate([self._level[:, max(0, day - FAST + 1) : day], latest], 1))
        growth = np.where(slow > 0, fast / np.where(slow > 0, slow, 1.0) - 1, 0.0)
        past = self._growth[:, max(0, day - PACES) : day]
        centre = np.nan_to_num(median(past))
        spread = np.nan_to_num(1.48 * median(np.abs(past - centre[:, None])))
        growth = np.nan_to_num(growth)
        return growth, (growth - centre) / np.maximum(spread, LEAST_PACE)


def same_day_last_month(days: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Column of the same day of last month, -1 outside; the last day belongs to the last day."""
    months = days.astype("datetime64[M]")
    offset = (days - months.astype("datetime64[D]")).astype(np.intp)
    is_last = (days + np.timedelta64(1, "D")).astype("datetime64[M]") != months
    previous = (months - np.timedelta64(1, "M")).astype("datetime64[D]") + offset
    before_this = months.astype("datetime64[D]") - np.timedelta64(1, "D")
    target = np.where(is_last | (previous > before_this), before_this, previous)
    column = (target - days[0]).astype(np.intp) if len(days) else np.zeros(0, dtype=np.intp)
    return np.where(column >= 0, column, -1)
