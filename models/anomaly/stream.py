"""Score any stream of measurements for anomalies, one value at a time, looking back only.

Three views of the stream (the values, the recent level against the one before, the recent spread)
are each asked: is this beyond everything seen for a long time, and by how much, given how often
that happens in this stream? The most surprised view counts. An onset is reported once: after it a
value must be clearly more extreme than what was reported, or come much later.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.errors import UnusableSeries
from models.forecast.history import Floats


@dataclass(frozen=True)
class Stream:
    """Lengths are in rows; the defaults serve steps from minutes to hours."""

    memory: int = 4000  # rows that count as everything seen
    ready: int = 50  # rows before anything is said
    learned: int = 100  # rows that tell how often this stream sets records
    short: int = 10  # rows of the recent level
    long: int = 200  # rows of the level before
    spread: int = 100  # rows of the recent spread
    rest: int = 50  # rows after a report, at least
    rest_share: float = 0.1  # and this share of the rows seen so far
    rise: float = 1.5  # times the last reported score that is news even so
    half: float = 5.0  # spreads of surprise that give the score 0.5


def detect_series(frame: pl.DataFrame, settings: Stream | None = None) -> pl.DataFrame:
    """`timestamp, value` in, the same rows with `anomaly_score` in [0, 1] out.

    A row's score depends on no later row. A value that is missing or no number scores 0.
    """
    missing = [c for c in ("timestamp", "value") if c not in frame.columns]
    if missing:
        raise UnusableSeries(
            f"The columns are {', '.join(frame.columns)}; expected timestamp and value. "
            f"Add or rename: {', '.join(missing)}."
        )
    values = frame["value"].cast(pl.Float64, strict=False).to_numpy()
    return frame.with_columns(pl.Series("anomaly_score", score(values, settings)))


def score(values: Floats, settings: Stream | None = None) -> Floats:
    """Scores of one stream in the order of its rows."""
    set_to = settings or Stream()
    known = np.isfinite(values)
    stream = pl.Series(np.where(known, values, np.nan)).fill_nan(None).forward_fill()
    surprise = np.zeros(len(values))
    for view in _views(stream, set_to):
        surprise = np.maximum(surprise, _surprise(view, stream, set_to))
    surprise = np.where(known, surprise, 0.0)
    return _once(surprise / (surprise + set_to.half), set_to)


def _views(stream: pl.Series, set_to: Stream) -> tuple[pl.Series, ...]:
    recent = stream.rolling_mean(set_to.short, min_samples=1)
    before = stream.rolling_median(set_to.long, min_samples=30).shift(set_to.short)
    spread = stream.rolling_std(set_to.spread, min_samples=2)
    return stream, (recent - before).fill_null(0.0), spread.fill_null(0.0)


def _surprise(view: pl.Series, stream: pl.Series, set_to: Stream) -> Floats:
    """By how much a record is broken, in spreads of how much is usual; 0 where none is broken."""
    highest = view.rolling_max(set_to.memory, min_samples=set_to.ready).shift(1)
    lowest = view.rolling_min(set_to.memory, min_samples=set_to.ready).shift(1)
    beyond = pl.select(pl.max_horizontal(view - highest, lowest - view)).to_series().clip(0.0)
    unit = _spread_so_far(view)
    broken = np.log1p(beyond.fill_null(0.0).to_numpy() / unit)
    records = pl.Series(broken)
    usual = records.rolling_mean(set_to.memory, min_samples=set_to.learned).shift(1)
    varies = records.rolling_std(set_to.memory, min_samples=set_to.learned).shift(1)
    off = (records - usual) / varies.clip(0.05)
    return np.maximum(off.fill_null(0.0).to_numpy(), 0.0)


def _spread_so_far(view: pl.Series) -> Floats:
    """Standard deviation of all earlier values, per row."""
    values = view.fill_null(0.0).to_numpy()
    centred = values - values[0] if len(values) else values
    number = np.arange(1, len(values) + 1)
    mean = np.cumsum(centred) / number
    variance = np.maximum(np.cumsum(centred**2) / number - mean**2, 0.0)
    before = np.concatenate([[0.0], np.sqrt(variance)[:-1]]) if len(values) else variance
    size = np.maximum.accumulate(np.abs(values)) if len(values) else variance
    return np.maximum(before, np.maximum(1e-9 * size, 1e-300))


def _once(scores: Floats, set_to: Stream) -> Floats:
    """Keep the first of a run, and later ones only if they are clearly higher."""
    out = np.zeros(len(scores))
    last, height = -len(scores) - set_to.rest, 0.0
    for row in np.flatnonzero(scores > 0).tolist():
        if row - last >= max(set_to.rest, set_to.rest_share * row):
            height = 0.0
        if scores[row] > height * set_to.rise:
            out[row] = height = scores[row]
            last = row
    return out
