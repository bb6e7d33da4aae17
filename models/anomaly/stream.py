"""Score any stream of measurements for anomalies, looking back only.

Views of the stream (the value, its jump from recent rows, the recent level against the one before,
the recent spread, and how far the value is outside its season) are each asked: does this break the
record, and by how much, given how records are broken in this stream? A value must be a record both
in itself and as a jump, so that neither drift nor a slow season is one; the most surprised view
counts. An onset is reported once: after it a row must be clearly more surprising than what was
reported, and that fades.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.anomaly.season import Season, SeasonSettings, outside_season
from models.anomaly.surprise import surprises
from models.forecast.history import Floats

ALARM = 0.5  # the score from which on a row is the onset of an anomaly


@dataclass(frozen=True)
class Stream:
    """Lengths are in rows; the defaults serve steps from minutes to hours."""

    memory: int = 4000  # rows that count as everything seen
    ready: int = 50  # known rows before records count, and again before one is judged
    short: int = 30  # rows of the recent level
    long: int = 200  # rows of the level before
    recent: int = 100  # rows of the recent spread, and those from which a value jumps
    least: float = 0.1  # how much records vary at least, in logarithms of spreads
    within: float = 0.2  # what the surprise at a jump counts if the value is no record
    rise: float = 2.0  # times the reported surprise: what is news just after it
    fade: float = 0.025  # of the rows in memory: a report has then faded to 1/e
    half: float = 0.3  # surprise that gives the score 0.5
    season: SeasonSettings = field(default_factory=SeasonSettings)


@dataclass(frozen=True, eq=False)
class Past:
    """What is kept of the rows so far: enough to go on with the next ones."""

    views: Floats  # value, jump, level, spread, outside season; view x row, NaN = unknown
    rows: int = 0
    season: Season = field(default_factory=Season)
    reported: int = 0  # row of the last report
    height: float = 0.0  # surprise of the last report


NOTHING = Past(np.zeros((5, 0)))


def score(values: Floats, settings: Stream | None = None) -> Floats:
    """Scores in [0, 1] of one stream, in the order of its rows; 0 for a value that is no number."""
    return follow(NOTHING, values, settings)[0]


def follow(past: Past, values: Floats, settings: Stream | None = None) -> tuple[Floats, Past]:
    """Scores of the next rows of a stream, and what to hand in with the rows after them.

    Rows in one call or in many give the same scores. A call costs at least the work of
    `2 * settings.memory` rows, so many rows at once are cheaper.
    """
    if not len(values):
        return np.zeros(0), past
    set_to = settings or Stream()
    begin = past.views.shape[1]
    raw = np.concatenate([past.views[0], np.where(np.isfinite(values), values, np.nan)])
    outside, judged, season = outside_season(
        raw, begin, past.rows, past.season, set_to.memory, set_to.season
    )
    new = np.vstack([raw[begin:], *_jump_level_spread(raw, begin, set_to), outside])
    views = np.hstack([past.views, new])
    broken = surprises(views, set_to.memory, set_to.ready, set_to.least)[:, begin:]
    value, jump, level, spread, off_season = broken
    jump = np.maximum(np.minimum(value, jump), set_to.within * jump)
    most = np.stack([jump, level, spread, off_season * judged]).max(axis=0)
    found, reported, height = _onsets(most, past, set_to)
    kept = views[:, -2 * set_to.memory :]
    now = Past(kept, past.rows + len(values), season, reported, height)
    return found / (found + set_to.half), now


def _jump_level_spread(raw: Floats, begin: int, set_to: Stream) -> Floats:
    """View x row, of the rows from `begin` on; NaN where too few values are known."""
    first = max(0, begin - set_to.long - set_to.short - set_to.recent)
    value = pl.col("value")
    recent = value.rolling_median(set_to.recent, min_samples=set_to.short).shift(1)
    level = value.rolling_mean(set_to.short, min_samples=1)
    before = value.rolling_median(set_to.long, min_samples=set_to.short).shift(set_to.short)
    spread = value.rolling_std(set_to.recent, min_samples=set_to.recent // 2)
    views = (
        pl.DataFrame({"value": raw[first:]})
        .with_columns(value.fill_nan(None))
        .select((value - recent).alias("jump"), (level - before).alias("level"), spread)
        .fill_null(np.nan)
        .to_numpy()
        .T
    )
    return np.where(np.isfinite(raw[begin:]), views[:, begin - first :], np.nan)


def _onsets(most: Floats, past: Past, set_to: Stream) -> tuple[Floats, int, float]:
    """Keep what is clearly more surprising than what the last report has faded to."""
    out = np.zeros(len(most))
    reported, height = past.reported, past.height
    for at in np.flatnonzero(most > 0).tolist():
        row = past.rows + at
        slow = set_to.fade * min(row, set_to.memory)  # rows; the more is known, the slower
        faded = height * float(np.exp((reported - row) / slow))
        if most[at] > set_to.rise * faded:
            out[at] = height = float(most[at])
            reported = row
    return out, reported, height
