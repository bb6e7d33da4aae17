"""Find the season of a stream by looking back only, and tell how far a value is outside of it."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.anomaly.surprise import ROUNDING
from models.forecast.history import Floats

CLIPPED = (0.02, 0.98)  # quantiles; a spike must neither make nor hide a season
UNLIKE = 0.2  # correlation below which a lag has left the neighbourhood of the value itself
NEARLY = 0.9  # of the best correlation: the season is about the shortest such lag, no multiple


@dataclass(frozen=True)
class SeasonSettings:
    """How a season is found, and what counts as within it."""

    shortest: int = 8  # rows
    alike: float = 0.5  # correlation of the stream with itself one season before, at least
    cycles: int = 3  # seasons before that say what is usual, and that must have been seen
    jitter: float = 0.05  # of a season: so much early or late is still usual


@dataclass(frozen=True)
class Season:
    """What is known of the season after some rows."""

    period: int = 0  # rows; 0 = no season is known
    since: int = 0  # row from which on a season has been known
    next_look: int = 0  # row at which it is looked for again


def find_period(values: Floats, settings: SeasonSettings) -> int:
    """Rows after which the values repeat, or 0; unknown values are NaN.

    >>> find_period(np.tile([0.0, 0, 0, 0, 5, 5, 5, 5, 5, 5], 8), SeasonSettings())
    10
    """
    alike = _correlations(values)[: len(values) // settings.cycles]
    left = np.flatnonzero(alike < UNLIKE)
    if not len(left):
        return 0
    begin = max(settings.shortest, int(left[0]))
    inner = alike[begin + 1 : -1]
    peaks = (inner >= alike[begin:-2]) & (inner >= alike[begin + 2 :])
    best = float(inner[peaks].max(initial=0.0))
    if best < settings.alike:
        return 0
    first = begin + 1 + int(np.argmax(peaks & (inner >= NEARLY * best)))
    return first + int(np.argmax(alike[first : first + first // 2]))


def _correlations(values: Floats) -> Floats:
    """Of the values with themselves, by lag; empty if they do not vary."""
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.zeros(0)
    low, high = np.quantile(values[known], CLIPPED)
    clipped = np.where(known, np.clip(values, low, high), 0.0)
    centred = np.where(known, clipped - clipped[known].mean(), 0.0)
    size = float(np.abs(centred).max())
    if size <= ROUNDING * max(abs(low), abs(high)):
        return np.zeros(0)
    count = len(values)
    spectrum = np.fft.rfft(centred / size, 1 << (2 * count - 1).bit_length())
    sums = np.fft.irfft(np.abs(spectrum) ** 2)[:count]
    return sums / sums[0] * count / (count - np.arange(count))


def outside_season(
    raw: Floats, begin: int, row: int, season: Season, memory: int, settings: SeasonSettings
) -> tuple[Floats, NDArray[np.bool_], Season]:
    """How far each of `raw[begin:]` is above (or, negative, below) what its time of season was.

    `raw[begin]` is row number `row` of the stream, what stands before it are earlier rows. NaN
    without a season. The second array says where the season has been known long enough to judge.
    """
    out = np.full(len(raw) - begin, np.nan)
    judged = np.zeros(len(raw) - begin, dtype=bool)
    at = begin
    while at < len(raw):
        number = row + at - begin
        if number >= season.next_look:
            season = _look(raw[max(0, at - memory) : at], number, season, memory, settings)
        until = min(len(raw), at + season.next_look - number)
        if season.period:
            out[at - begin : until - begin] = _outside(raw, at, until, season.period, settings)
            ripe = season.since + season.period - row
            judged[max(at - begin, ripe) : until - begin] = True
        at = until
    return out, judged, season


def _look(
    values: Floats, number: int, season: Season, memory: int, settings: SeasonSettings
) -> Season:
    """Look anew whenever there is a quarter more to look at."""
    after = number + max(settings.shortest, min(number, memory) // 4)
    period = find_period(values, settings)
    since = season.since if season.period else number
    return replace(season, period=period, since=since, next_look=after)


def _outside(raw: Floats, at: int, until: int, period: int, settings: SeasonSettings) -> Floats:
    jitter = max(1, round(settings.jitter * period))
    first = max(0, at - settings.cycles * period - jitter)
    near = pl.Series(raw[first : until - period + jitter]).fill_nan(None)
    highest = near.rolling_max(2 * jitter + 1, min_samples=1).to_numpy()
    lowest = near.rolling_min(2 * jitter + 1, min_samples=1).to_numpy()
    high, low = np.full(until - at, np.nan), np.full(until - at, np.nan)
    for cycle in range(1, settings.cycles + 1):
        source = np.arange(at, until) - cycle * period + jitter - first
        there = source >= 0
        high[there] = np.fmax(high[there], highest[source[there]])
        low[there] = np.fmin(low[there], lowest[source[there]])
    values = raw[at:until]
    return np.fmax(values - high, 0.0) + np.fmin(values - low, 0.0) + 0.0 * (values + high)
