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
PROFILE_DAYS = WEEKS * WEEK + WEEK  # that any of these weeks can begin before
RECENT = 9  # days that give the level: more than a week, so that one spike can't move the median
SPREAD_DAYS = 56  # that give the spread
FIRST_SPREAD = 0.10  # of the level, as long as hardly any is measured
ENOUGH = 7  # errors that make a spread
FAST, SLOW_FROM, SLOW_TO = 5, 35, 8  # days: the last ones against those of the weeks before
PACES = 90  # days of that comparison that tell the usual growth
LEAST_PACE = 0.02  # of the level
ALIKE = 0.25  # an excess within this share of last month's on the same day is that one again
MONTH_EDGE = 3  # days before and after a month's turn: books are closed by working days
WEEKDAY_FLOOR = 0.05  # of the level; a weekday below says nothing about the level


@dataclass(frozen=True, eq=False)
class Today:
    """The expectation for one day, an entry per series."""

    level: Floats
    profile: Floats  # the weekday's share of the level
    spread: Floats  # of the level
    steady: Floats  # the same without its tails: what the middle of all days keeps to
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
        self.same_day = same_day  # day x way to count: that day last month, -1 = not known
        self.least_spread = least_spread
        self._clean, self._level, self._error, self._growth, self._excess, self._share = (
            np.full(values.shape, np.nan) for _ in range(6)
        )
        self._special = np.zeros((len(values), values.shape[1] + 1), dtype=np.intp)  # days so far
        self._odd = np.zeros(values.shape, dtype=bool)
        self._began = np.isfinite(values).argmax(axis=1)

    def expect(self, day: int) -> Today:
        """Look at the days before; the day itself tells growth, and which month it repeats."""
        profile = self._profile(day)
        level = median(self._level[:, max(0, day - RECENT) : day])
        week = mean(self._clean[:, max(0, day - WEEK) : day], 1)
        level = np.nan_to_num(np.where(np.isfinite(level), level, week))
        usual = self._usual(day, level * profile)
        slow = np.nan_to_num(
            median(self._level[:, max(0, day - SLOW_FROM) : max(0, day - SLOW_TO)])
        )
        growth, pace = self._pace(day, slow, profile, usual)
        spread, steady = self._spread(day)
        return Today(level, profile, spread, steady, usual, growth, pace, slow)

    def learn(self, day: int, today: Today, expected: Floats, accepted: Flags, odd: Flags) -> None:
        """Remember the day: as it was where `accepted`, otherwise as it was expected.

        `odd` days are right but say nothing about the level: a monthly fee. Nor about the spread,
        if nobody could know what to expect.
        """
        actual = self.values[:, day]
        known = accepted & (~odd | (expected != today.plain))
        self._clean[:, day] = np.where(accepted & ~odd, actual, today.plain)
        share = np.where(today.profile > WEEKDAY_FLOOR, today.profile, np.nan)
        self._level[:, day] = np.where(accepted & ~odd, actual / share, today.level)
        scale = np.where(today.level > 0, today.level, np.nan)
        self._error[:, day] = np.where(known, (actual - expected) / scale, np.nan)
        self._growth[:, day] = np.where(accepted, today.growth, np.nan)
        off = actual - today.plain
        far = np.abs(off) > 3 * today.steady * np.abs(today.level)
        self._excess[:, day] = np.where(far, off, 0.0)
        plain = np.where(today.plain > 0, today.plain, np.nan)
        self._share[:, day] = np.where(far, off / plain, 0.0)
        self._special[:, day + 1] = self._special[:, day] + far
        self._odd[:, day] = odd

    def adopt(self, day: int, which: Flags, days: int) -> None:
        """Make the last `days`, whole weeks, the new normal of some series: level and weekdays."""
        rows = np.flatnonzero(which)
        start = max(0, day + 1 - days)
        span = slice(start, day + 1)
        actual = np.where(self._odd[rows, span], np.nan, self.values[rows, span])
        before = np.where(np.isfinite(actual), self._clean[rows, span], np.nan)
        old = total(before, 1)
        ratio = np.where(old > 0, total(actual, 1) / np.where(old > 0, old, 1.0), np.nan)
        self._clean[rows] *= ratio[:, None]  # what was before, had it been at this level
        self._level[rows, : day + 1] *= ratio[:, None]
        weeks = np.arange(max(0, start - PROFILE_DAYS), day + 1)
        alike = actual[:, (weeks - start) % days]  # and as its weekdays are now
        at = np.ix_(rows, weeks)
        self._clean[at] = np.where(np.isfinite(alike), alike, self._clean[at])
        fresh = np.isnan(ratio) | (self._level[rows, day] <= 0)
        self._level[rows[fresh], span] = mean(actual[fresh], 1)[:, None]
        self._growth[rows] = np.nan

    def above_since(self, day: int, today: Today, longest: int) -> NDArray[np.intp]:
        """For how many days before `day` the cost has been above the level of the weeks before."""
        line = today.slow * (1 + np.minimum(1.5 * today.spread, 0.1))
        span = self._level[:, max(0, day - longest) : day]
        above = (span > line[:, None])[:, ::-1]
        return np.where(above.all(axis=1), above.shape[1], (~above).argmax(axis=1)).astype(np.intp)

    def _usual(self, day: int, plain: Floats) -> Floats:
        """The excess of the same day last month or the month before, whichever today is nearer.

        In money, as a fee is, or as a share of what the day costs anyway, as work is. What went on
        for more than a week was no such day but a step, and the next step is no repetition of it.
        """
        off = self.values[:, day] - plain
        usual = np.zeros(len(off))
        for column in self._twins(day):
            around = (max(0, column - WEEK), min(day, column + WEEK + 1))
            short = self._special[:, around[1]] - self._special[:, around[0]] <= WEEK
            # Nothing was known before the first day: it was on top only if the others cost little.
            short &= (self._began != column) | (2 * plain < self.values[:, column])
            for found in (self._excess[:, column], self._share[:, column] * plain):
                other = np.where(short, np.nan_to_num(found), 0.0)
                closer = (usual == 0) | (np.abs(off - other) < np.abs(off - usual))
                usual = np.where((other != 0) & closer, other, usual)
        return usual

    def _twins(self, day: int) -> list[int]:
        """Columns of the same day of the two months before, from whichever end it is counted."""
        found: list[int] = []
        for way in range(self.same_day.shape[1]):
            last = int(self.same_day[day, way])
            before = int(self.same_day[last, way]) if last >= 0 else -1
            found += [column for column in (last, before) if column >= 0]
        return sorted(set(found))

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

    def _spread(self, day: int) -> tuple[Floats, Floats]:
        """Robust, but wide enough for tails that are always there; and without them."""
        errors = np.abs(self._error[:, max(0, day - SPREAD_DAYS) : day])
        number = np.isfinite(errors).sum(axis=1)
        if errors.shape[1] == 0:
            return np.full(len(errors), FIRST_SPREAD), np.full(len(errors), FIRST_SPREAD)
        ordered = np.sort(errors, axis=1)
        tail = np.maximum((0.95 * (number - 1)).astype(np.intp), 0)
        high = np.take_along_axis(ordered, tail[:, None], 1)[:, 0]
        middle = 1.48 * median(errors)
        few = np.where(number >= ENOUGH, 0.0, FIRST_SPREAD)
        steady, spread = (
            np.maximum(np.fmax(found, few), self.least_spread)
            for found in (middle, np.maximum(middle, high / 2))
        )
        return spread, steady

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
    """Day x way to count: the column of the same day of last month, -1 outside.

    Counted from the month's first day, and from its last for the days just before its turn.
    """
    months = days.astype("datetime64[M]")
    first, one = months.astype("datetime64[D]"), np.timedelta64(1, "D")
    offset = (days - first).astype(np.intp)
    last_month_end = first - one
    next_month = (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    left = (next_month - days).astype(np.intp) - 1
    previous = (months - np.timedelta64(1, "M")).astype("datetime64[D]") + offset
    from_first = np.minimum(previous, last_month_end)
    from_last = np.where(left < MONTH_EDGE, last_month_end - left, from_first)
    target = np.stack([from_first, from_last], axis=1)
    column = (target - days[0]).astype(np.intp) if len(days) else np.zeros((0, 2), dtype=np.intp)
    return np.where(column >= 0, column, -1)
