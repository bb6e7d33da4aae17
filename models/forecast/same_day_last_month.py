"""The same day of last month: fees, taxes and support charges that come once a month."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Days, Floats, History, Model
from models.forecast.month import ALWAYS, LONGEST, day_of_month, is_last
from models.known import median

CLEAR = 4.0  # spreads by which a day must stand out to take the place of another


@dataclass(frozen=True, eq=False)
class FittedSameDayLastMonth:
    """The last month by day of month, series x 31."""

    by_day: Floats
    last_day: Days

    def predict(self, days: int) -> Floats:
        """Look the day of month up; the last of a month stands for those that it lacks as well."""
        ahead = self.last_day[:, None] + np.arange(1, days + 1) * np.timedelta64(1, "D")
        number = day_of_month(ahead) - 1
        alone = np.take_along_axis(self.by_day, number, axis=1)
        return np.where(is_last(ahead), np.take_along_axis(self._until_31(), number, axis=1), alone)

    def _until_31(self) -> Floats:
        """The value of each day, or of one after it that stands out, and more than it does."""
        out = self.by_day.copy()
        usual = median(out)
        off = np.abs(out - usual[:, None])
        clear = CLEAR * 1.48 * median(off)
        for day in range(LONGEST - 2, ALWAYS - 1, -1):
            other = off[:, day + 1] > np.maximum(off[:, day], clear)
            out[:, day] = np.where(other, out[:, day + 1], out[:, day])
            off[:, day] = np.where(other, off[:, day + 1], off[:, day])
        return out


@dataclass(frozen=True)
class SameDayLastMonth:
    """Repeat the newest known value of each day of the month.

    The last day of a shorter month tells of none, as what falls on it may be due on any of the days
    that the month lacks. A day nobody knows is as the usual one.
    """

    def fit(self, history: History) -> FittedSameDayLastMonth:
        """Without a calendar, or with less than one month, the answer is NaN: not usable."""
        count = len(history.values)
        by_day = np.full((count, LONGEST), np.nan)
        if history.last_day is None:
            return FittedSameDayLastMonth(by_day, np.full(count, np.datetime64("2000-01-01")))
        if history.steps >= LONGEST:
            row = np.arange(count)
            for back in range(min(history.steps, 2 * LONGEST)):
                day = history.last_day - np.timedelta64(back, "D")
                number = day_of_month(day) - 1
                told = np.isnan(by_day[row, number]) & (~is_last(day) | (number == LONGEST - 1))
                by_day[row, number] = np.where(
                    told, history.values[:, -1 - back], by_day[row, number]
                )
            whole = np.isfinite(by_day).sum(axis=1) >= ALWAYS
            filled = np.where(np.isnan(by_day), median(by_day)[:, None], by_day)
            by_day = np.where(whole[:, None], filled, np.nan)
        return FittedSameDayLastMonth(by_day, history.last_day)


MODELS: dict[str, Model] = {"same_day_last_month": SameDayLastMonth()}
