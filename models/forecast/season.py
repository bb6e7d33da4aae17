"""Find the step and the seasons of a series from its time stamps and values."""

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats
from models.known import mean, median

HOUR, DAY = 3600.0, 86400.0  # seconds
VISIBLE = 0.1  # autocorrelation at a lag from which a season is believed
CLEAR = 0.2  # the same, where only the upper quarter of the series has it
CYCLES = 3  # of a season that must be known before it is believed
LONGEST = 400  # steps; the longest season looked for where the clock gives no hint


@dataclass(frozen=True)
class Step:
    """The usual distance of two time stamps, as a polars interval, and the seasons it suggests."""

    every: str
    seconds: float
    seasons: tuple[int, ...]


def step_of(seconds: float) -> Step:
    """Name a distance in seconds; months, quarters and years have no fixed number of days."""
    days = seconds / DAY
    for low, high, every, seasons in (
        (27, 32, "1mo", (12,)),
        (88, 93, "1q", (4,)),
        (364, 367, "1y", ()),
        (6.5, 7.5, "1w", (52,)),
    ):
        if low <= days <= high:
            return Step(every, seconds, seasons)
    if seconds >= DAY:
        whole = round(days)
        return Step(f"{whole}d", seconds, (7,) if whole == 1 else ())
    a_day, a_week = round(DAY / seconds), round(7 * DAY / seconds)
    seasons = tuple(s for s in (a_day, a_week) if s <= 2016)
    return Step(f"{round(seconds * 1e6)}us", seconds, seasons)


def visible(values: Floats, season: int) -> bool:
    """Is the season in the data, by the autocorrelation of the changes?

    Half of the series must show it, or a quarter show it clearly: a season that some have is a
    greater loss to leave out than to keep for the others, whose models find it to be flat.
    """
    if season < 2 or values.shape[1] < CYCLES * season:
        return False
    long_enough = np.isfinite(values).sum(axis=1) >= CYCLES * season
    if not long_enough.any():
        return False
    found = np.nan_to_num(autocorrelation(values[long_enough], season))
    return bool(np.median(found) > VISIBLE or np.quantile(found, 0.75) > CLEAR)


def search(values: Floats) -> int:
    """The season of series without a clock: the highest autocorrelation, or 1."""
    longest = min(LONGEST, values.shape[1] // CYCLES)
    scores = [float(median(autocorrelation(values, lag)[None])[0]) for lag in range(2, longest + 1)]
    if not scores or max(scores) <= 2 * VISIBLE:
        return 1
    peak = max(scores)
    return next(lag for lag, score in enumerate(scores, start=2) if score > 0.9 * peak)


def autocorrelation(values: Floats, lag: int) -> Floats:
    """Of the first differences, per series."""
    change = np.diff(values, axis=1)
    change = change - mean(change, 1)[:, None]
    top = mean(change[:, lag:] * change[:, :-lag], 1)
    bottom = mean(change**2, 1)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), 0.0)
