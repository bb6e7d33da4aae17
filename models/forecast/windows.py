"""Averages of many windows of many series at once, from running sums."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Running sums of the known values: series x (steps + 1)."""

    sums: Floats
    known: Floats

    @staticmethod
    def of(values: Floats) -> "Windows":
        """Sum the known values up."""
        known = np.isfinite(values)
        start = np.zeros((len(values), 1))
        sums = np.cumsum(np.where(known, values, 0.0), axis=1)
        return Windows(
            np.concatenate([start, sums], axis=1),
            np.concatenate([start, np.cumsum(known, axis=1)], axis=1),
        )

    def grow(self, column: int, values: Floats) -> None:
        """Count a column that was not known before, the next after those that were."""
        self.sums[:, column + 1] = self.sums[:, column] + values
        self.known[:, column + 1] = self.known[:, column] + 1

    def mean(self, row: Places, start: Places, stop: Places) -> Floats:
        """Mean of the known values in [start, stop) of each row; NaN where none is."""
        last = self.sums.shape[1] - 1
        start, stop = np.clip(start, 0, last), np.clip(stop, 0, last)
        number = self.known[row, stop] - self.known[row, start]
        total = self.sums[row, stop] - self.sums[row, start]
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def at(values: Floats, row: Places, column: Places) -> Floats:
    """One value per row; NaN before the beginning."""
    found = values[row, np.maximum(column, 0)]
    return np.where(column >= 0, found, np.nan)
