"""The one claim about a price itself, of which there are many: that it lies in a range."""

from decimal import Decimal
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from models.selection.prices import NANO, Whole
from models.selection.requirements import Range


def is_outside(price_hour: Whole, wanted: Range) -> NDArray[np.bool_]:
    """The range counts as it is written: 0.07 is seven hundredths, not the float beside it."""
    low, high = _ends(wanted)
    return (price_hour < low) | (price_hour > high)


def misses_by(price_hour: Whole, wanted: Range) -> NDArray[np.float64]:
    """How far outside it is, in the currency an hour."""
    low, high = _ends(wanted)
    return np.maximum(low - price_hour, price_hour - high) / NANO


def _ends(wanted: Range) -> tuple[float, float]:
    low = -np.inf if wanted.low is None else ceil(Decimal(repr(wanted.low)) * NANO)
    high = np.inf if wanted.high is None else floor(Decimal(repr(wanted.high)) * NANO)
    return low, high
