"""What every forecasting model is fitted on: many series of one step size in one array."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class History:
    """Series of one step and season, one a row, aligned at their end.

    The last column is the last step before the forecast. NaN is a value nobody knows, or a step
    before the series began; a zero is a measured zero.
    """

    values: Floats
    season: int  # steps; 1 = none
    long_season: int = 1  # steps of a second, slower season (168 for hours); 1 = none
    last_day: Days | None = None  # calendar day of the last column, per series; None = no calendar

    @property
    def steps(self) -> int:
        """Columns, including those before a series began."""
        return self.values.shape[1]

    def before(self, steps: int) -> "History":
        """The history as it was known that many steps ago."""
        if steps == 0:
            return self
        day = None if self.last_day is None else self.last_day - np.timedelta64(steps, "D")
        return replace(self, values=self.values[:, :-steps], last_day=day)

    def rows(self, which: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "History":
        """Some of the series."""
        day = None if self.last_day is None else self.last_day[which]
        return replace(self, values=self.values[which], last_day=day)

    def known(self) -> NDArray[np.intp]:
        """Known values per series."""
        return np.isfinite(self.values).sum(axis=1)

    def floor(self) -> Floats:
        """Zero where a series never was negative, otherwise minus infinity; one a series."""
        lowest = np.where(np.isfinite(self.values), self.values, np.inf).min(axis=1, initial=np.inf)
        return np.where(lowest >= 0, 0.0, -np.inf)


class Fitted(Protocol):
    """A model that has seen its history and changes no more."""

    def predict(self, days: int) -> Floats:
        """Series by steps: the expected values that follow the history."""
        ...


class Model(Protocol):
    """Settings of a model; a frozen dataclass."""

    def fit(self, history: History) -> Fitted:
        """Learn all series at once; a series without one known value is forecast as NaN."""
        ...
