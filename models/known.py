"""Sums, means and medians of the known values: NaN is a value nobody knows, not a warning."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def total(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    """Sum of the known values; 0 where none is."""
    return np.where(np.isfinite(values), values, 0.0).sum(axis=axis)


def mean(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    """Mean of the known values; NaN where none is."""
    number = np.isfinite(values).sum(axis=axis)
    return np.where(number > 0, total(values, axis) / np.maximum(number, 1), np.nan)


def median(values: Floats) -> Floats:
    """Medians along the last axis; NaN where nothing is known."""
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    number = np.isfinite(values).sum(axis=-1)
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=-1)  # NaN last
    low = np.maximum((number - 1) // 2, 0)[..., None]
    high = np.minimum(number // 2, values.shape[-1] - 1)[..., None]
    middle = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    return np.where(number > 0, middle[..., 0] / 2, np.nan)
