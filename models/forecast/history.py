"""What every forecasting model is fitted on: many series of one step size in one array."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

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
    holidays: Days | None = None  # public ones, past and to come; None = not told
    horizon: int = 28  # steps that will be asked for, for models that learn them one by one

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


@runtime_checkable
class Rolling(Protocol):
    """A model that fits several origins with less work than one `fit` for each.

    What it says at an origin may not depend on anything known later.
    """

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[Fitted]:
        """The model as it was that many steps before the end, in the order of `origins`."""
        ...


def fits(model: Model, history: History, origins: Sequence[int]) -> Iterator[Fitted]:
    """The model at each origin, in one pass if it knows how."""
    if isinstance(model, Rolling) and origins:
        return model.fit_before(history, origins)
    return (model.fit(history.before(origin)) for origin in origins)
