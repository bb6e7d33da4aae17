"""Lay the rows of a file out as a stream of even steps: in order, once each, gaps left free.

What can be put right without looking ahead is put right, and each such thing said in a sentence.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import UnusableSeries
from models.forecast.history import Floats

Rows = NDArray[np.intp]
Choice = NDArray[np.bool_]

PUT_BACK = (3600.0, 1800.0)  # seconds, by which clocks are; the half hour is Lord Howe's
PUT_BACK_A_YEAR = 2
YEAR = 366 * 86400.0  # seconds
RECENT = 50  # steps that say what the usual one is
ALIKE = 0.1  # of the usual step: a step that differs by more is not usual
REGULAR = 0.9  # of the recent steps must be usual for a longer one to be a gap
CHANGED = 1.5  # times the usual step of before, or less than this part of it


@dataclass(frozen=True, eq=False)
class Timeline:
    """Which rows make up the stream, in which order and at which places."""

    rows: Rows
    places: Rows
    notes: tuple[str, ...]

    def stream(self, numbers: Floats) -> Floats:
        """The values at their places; NaN where the file has none."""
        out = np.full(int(self.places[-1]) + 1 if len(self.places) else 0, np.nan)
        out[self.places] = numbers[self.rows]
        return out


def lay_out(times: pl.Series, numbers: Floats, longest_gap: int) -> Timeline:
    """`times` are dates, times or numbers; null and NaN are unknown. Places are in steps.

    A row's place depends on no later time. Raises `UnusableSeries` for times of another type.
    """
    seconds = _seconds(times)
    readable = np.isfinite(seconds)
    rows, disordered = _in_order(seconds, np.flatnonzero(readable), times)
    rows, repeated = _once_each(seconds, numbers, rows, times)
    places, uneven = _places(seconds[rows], times.gather(rows), longest_gap)
    unread = int((~readable).sum())
    untimed = [f"{count(unread, 'row')} without a readable time: not scored."] if unread else []
    return Timeline(rows, places, (*untimed, *disordered, *repeated, *uneven))


def count(number: int, what: str) -> str:
    """The number with its noun, as in a sentence.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {what}" + "s" * (number != 1)


def _seconds(times: pl.Series) -> Floats:
    """Since 1970, or whatever unit plain numbers are in."""
    if times.dtype.is_temporal():
        known = times.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 1e6
    elif times.dtype.is_numeric():
        known = times.cast(pl.Float64)
    else:
        raise UnusableSeries(f"The times are {times.dtype}; expected dates, times or numbers.")
    return known.fill_null(np.nan).to_numpy()


def _in_order(seconds: Floats, rows: Rows, times: pl.Series) -> tuple[Rows, list[str]]:
    """By time, except where a clock was put back: there the order of the file is the true one."""
    at = seconds[rows]
    back = np.flatnonzero(np.diff(at) < 0)
    if not len(back):
        return rows, []
    where = times[int(rows[back[0] + 1])]
    if times.dtype.is_temporal() and _is_clock(at, back):
        return rows, [
            f"The clock goes back at {where}, as at the end of summer time: the order of the file "
            "was kept. Write the times in UTC or with their offset to be sure."
        ]
    return rows[np.argsort(at, kind="stable")], [
        f"The times go back {count(len(back), 'time')}, first at {where}: the rows were scored in "
        "the order of time. Sort the file to be sure."
    ]


def _is_clock(at: Floats, back: Rows) -> bool:
    steps = np.diff(at)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    years = 1 + (at.max() - at.min()) // YEAR
    lost = np.round(usual - steps[back], 3)
    return len(back) <= PUT_BACK_A_YEAR * years and bool(np.isin(lost, PUT_BACK).all())


def _once_each(
    seconds: Floats, numbers: Floats, rows: Rows, times: pl.Series
) -> tuple[Rows, list[str]]:
    """Without rows that say nothing the row before has not said; those that contradict it stay."""
    same_time = np.diff(seconds[rows], prepend=np.nan) == 0
    value = numbers[rows]
    same_value = np.diff(value, prepend=np.nan) == 0
    again = same_time & (same_value | ~np.isfinite(value))
    other = same_time & ~again
    notes: list[str] = []
    if again.any():
        notes.append(
            f"{count(int(again.sum()), 'row')} repeated, first at {times[int(rows[again][0])]}: "
            "a repetition scores 0."
        )
    if other.any():
        notes.append(
            f"{count(int(other.sum()), 'row')} with another value for the time of the row before, "
            f"first at {times[int(rows[other][0])]}: all were scored, in the order of the file. "
            "If the file holds several series, give each a file of its own."
        )
    return rows[~again], notes


def _places(at: Floats, times: pl.Series, longest_gap: int) -> tuple[Rows, list[str]]:
    """Even steps. The usual step is the median of recent ones, so it follows a new frequency.

    Where the recent steps vary, rows count as evenly spaced. Gaps take at most `longest_gap`
    places more than there were rows, so that they never fill the machine's memory.
    """
    steps = np.diff(at, prepend=np.nan)
    taken = pl.Series(np.where(steps > 0, steps, np.nan)).fill_nan(None)
    usual = taken.rolling_median(RECENT, min_samples=1).to_numpy()
    ratio = taken.to_numpy() / usual
    alike = pl.Series(np.abs(ratio - 1) <= ALIKE).cast(pl.Float64)
    regular = alike.rolling_mean(RECENT, min_samples=1).to_numpy() >= REGULAR
    gaps = np.nan_to_num(np.where(regular, np.round(ratio) - 1, 0.0))
    gaps = np.clip(gaps, 0, longest_gap)
    gaps[np.cumsum(gaps) > longest_gap + np.arange(len(gaps))] = 0
    places = np.arange(len(at)) + np.cumsum(gaps).astype(np.intp)
    return places, [*_gaps_said(gaps, times), *_steps_said(usual, regular, times)]


def _gaps_said(gaps: Floats, times: pl.Series) -> list[str]:
    if not gaps.any():
        return []
    longest = int(gaps.argmax())
    return [
        f"{count(int((gaps > 0).sum()), 'gap')}, the longest of "
        f"{count(int(gaps[longest]), 'step')} before {times[longest]}: missing steps are unknown."
    ]


def _steps_said(usual: Floats, regular: Choice, times: pl.Series) -> list[str]:
    settled = usual[RECENT // 2 :]
    if not len(settled):
        return []
    if regular[RECENT // 2 :].mean() < 0.5:
        return ["The steps vary too much to tell gaps: the rows count as evenly spaced."]
    ratio = settled / settled[0]
    changed = np.flatnonzero((ratio > CHANGED) | (ratio < 1 / CHANGED))
    if not len(changed):
        return []
    first = int(changed[0])
    last = min(first + RECENT, len(settled) - 1)  # by then only new steps count
    before, after = (_length(float(settled[row]), times) for row in (0, last))
    return [
        f"The step changes from {before} to {after} about {times[first + RECENT // 2]}: each row "
        "counts as one step, and a season is learned anew. Give each step size a file of its own "
        "to be sure."
    ]


def _length(step: float, times: pl.Series) -> str:
    return str(timedelta(seconds=step)) if times.dtype.is_temporal() else f"{step:g}"
