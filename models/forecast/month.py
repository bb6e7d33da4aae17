"""Days of the month. What is due on a day that a month lacks falls on its last day."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Days

LONGEST = 31  # days
ALWAYS = 27  # the days that every month has before its last

Numbers = NDArray[np.intp]


def day_of_month(days: Days) -> Numbers:
    """1 to 31."""
    first = days.astype("datetime64[M]").astype("datetime64[D]")
    return (days.astype("datetime64[D]") - first).astype(np.intp) + 1


def is_last(days: Days) -> NDArray[np.bool_]:
    """Of its month."""
    return day_of_month(days + np.timedelta64(1, "D")) == 1


def due(last_day: Days, months: int) -> Days:
    """Series x LONGEST x month: when each day of the month falls in the last months, oldest first.

    The month of `last_day` is the last of them, and whole.
    """
    back = np.arange(months - 1, -1, -1) * np.timedelta64(1, "M")
    month = last_day.astype("datetime64[M]")[:, None] - back
    first: Days = month.astype("datetime64[D]")
    following: Days = (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    length = (following - first).astype(np.intp)
    number = np.minimum(np.arange(1, LONGEST + 1)[:, None], length[:, None, :])
    return first[:, None, :] + (number - 1) * np.timedelta64(1, "D")
