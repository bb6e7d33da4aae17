"""The same weekday last week: the forecast that every other model must beat to be used."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats, History, Model

REACH = 4  # seasons to look back for a known value of the same phase


@dataclass(frozen=True, eq=False)
class FittedSeasonalNaive:
    """The last known season, series by phase."""

    last: Floats

    def predict(self, days: int) -> Floats:
        """Repeat the season."""
        return self.last[:, np.arange(days) % self.last.shape[1]]


@dataclass(frozen=True)
class SeasonalNaive:
    """Repeat the last season; a gap in it is filled from the season before, or the last value."""

    def fit(self, history: History) -> FittedSeasonalNaive:
        """Take the newest known value of each phase."""
        season = history.season
        last = np.full((len(history.values), season), np.nan)
        for back in range(REACH):
            stop = history.steps - back * season
            if stop >= season:
                last = np.where(np.isnan(last), history.values[:, stop - season : stop], last)
        return FittedSeasonalNaive(np.where(np.isnan(last), newest(history.values), last))


def newest(values: Floats) -> Floats:
    """The last known value of each series as a column; NaN if there is none."""
    known = np.isfinite(values)
    if values.shape[1] == 0:
        return np.full((len(values), 1), np.nan)
    position = values.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), position], np.nan)[:, None]


MODELS: dict[str, Model] = {"seasonal_naive": SeasonalNaive()}
