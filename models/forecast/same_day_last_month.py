"""The same day of last month: fees, taxes and support charges that come once a month."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Days, Floats, History, Model

LONGEST = 31  # days of a month


@dataclass(frozen=True, eq=False)
class FittedSameDayLastMonth:
    """The last month by day of month, series x 31."""

    by_day: Floats
    last_day: Days

    def predict(self, days: int) -> Floats:
        """Look the day of month up; the 31st of a shorter month is not moved."""
        ahead = self.last_day[:, None] + np.arange(1, days + 1) * np.timedelta64(1, "D")
        return np.take_along_axis(self.by_day, day_of_month(ahead) - 1, axis=1)


@dataclass(frozen=True)
class SameDayLastMonth:
    """Repeat the newest known value of each day of the month."""

    def fit(self, history: History) -> FittedSameDayLastMonth:
        """Without a calendar, or with less than one month, the answer is NaN: not usable."""
        count = len(history.values)
        by_day = np.full((count, LONGEST), np.nan)
        if history.last_day is None:
            return FittedSameDayLastMonth(by_day, np.full(count, np.datetime64("2000-01-01")))
        if history.steps >= LONGEST:
            row = np.arange(count)
            for back in range(min(history.steps, 2 * LONGEST)):
                day = day_of_month(history.last_day - np.timedelta64(back, "D")) - 1
                value = history.values[:, -1 - back]
                by_day[row, day] = np.where(np.isnan(by_day[row, day]), value, by_day[row, day])
            whole = np.isfinite(by_day).sum(axis=1) >= LONGEST - 3
            by_day = np.where(whole[:, None], np.nan_to_num(by_day), np.nan)
        return FittedSameDayLastMonth(by_day, history.last_day)


def day_of_month(days: Days) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """1 to 31."""
    month = days.astype("datetime64[M]")
    return (days.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.intp) + 1


MODELS: dict[str, Model] = {"same_day_last_month": SameDayLastMonth()}
