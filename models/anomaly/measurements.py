"""Score measurements as files have them: unsorted, repeated, with gaps and unknown values."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.anomaly.stream import Stream, score
from models.anomaly.timeline import count, lay_out
from models.errors import UnusableSeries
from models.forecast.history import Floats

LARGEST = 1e150  # squares of anything beyond overflow


@dataclass(frozen=True, eq=False)
class Scored:
    """One score per row as given, and a sentence on each thing that is not as expected."""

    scores: Floats  # in [0, 1]; 0 too where there is nothing to score
    notes: tuple[str, ...]
    refusal: str = ""  # why no row was scored; empty if rows were


def score_measurements(
    times: pl.Series, values: pl.Series, settings: Stream | None = None
) -> Scored:
    """Score one file: dates, times or numbers, and the values measured then; null is unknown.

    A row's score depends on no row of a later time. Raises `UnusableSeries` for columns of other
    types and if there is not one value that has a time.
    """
    set_to = settings or Stream()
    numbers = _numbers(values)
    timeline = lay_out(times, numbers, set_to.memory)
    stream = timeline.stream(numbers)
    known = stream[np.isfinite(stream)]
    if not len(known):
        raise UnusableSeries(
            f"None of {count(len(values), 'row')} has both a time and a number as its value."
        )
    notes = (*_unknown(numbers, times), *timeline.notes, *_constant(known))
    scores = np.zeros(len(values))
    needed = 2 * set_to.ready
    if len(known) <= needed:
        return Scored(scores, notes, _too_few(len(known), needed))
    scores[timeline.rows] = score(stream, set_to)[timeline.places]
    return Scored(scores, notes)


def _numbers(values: pl.Series) -> Floats:
    if not (values.dtype.is_numeric() or values.dtype == pl.Null):
        raise UnusableSeries(f"The values are {values.dtype}; expected numbers.")
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)


def _unknown(numbers: Floats, times: pl.Series) -> list[str]:
    unknown = np.flatnonzero(np.isnan(numbers))
    if not len(unknown):
        return []
    return [
        f"{len(unknown):,} of {count(len(numbers), 'value')} unknown, first at "
        f"{times[int(unknown[0])]}: such a row scores 0 and is passed over."
    ]


def _constant(known: Floats) -> list[str]:
    if len(known) < 2 or known.min() != known.max():
        return []
    return [f"Every value is {known[0]:g}, so nothing stands out; the first other one will."]


def _too_few(known: int, needed: int) -> str:
    return (
        f"There {'is' if known == 1 else 'are'} {count(known, 'known value')}, and the first "
        f"{needed} only teach what is usual, so no row was scored. "
        f"Give at least {needed + 1}."
    )
