"""Judge each day of each series by the days before it, and count abnormal days in a row as one.

One pass over the days, all series at once. A day's verdict uses no later day. While an incident
lasts its cost is kept out of the baseline; if it stays for weeks it becomes the new normal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.anomaly.baseline import (
    ALIKE,
    MONTH_EDGE,
    RECENT,
    WEEK,
    Baseline,
    Flags,
    Today,
    same_day_last_month,
)
from models.forecast.history import Floats
from models.known import median

Counts = NDArray[np.int64]
ADOPTED = 14  # days of an incident that make the new normal
HIGH, CREEPING, LOW, NEW = 1, 2, 3, 4  # why an incident was opened


@dataclass(frozen=True)
class Limits:
    """When a day is abnormal; meant for daily cost of any kind, not tuned to any series."""

    sure: float = 6.0  # spreads off that open an incident
    still: float = 3.0  # spreads that keep it open
    creeping: float = 5.0  # spreads of the usual growth, for a slow ramp
    creeping_share: float = 0.15  # and at least that much above the weeks before
    creeping_from: int = 56  # days of a series before growth is judged
    least_spread: float = 0.025  # of the level; no cost is steadier than that
    warm_up: int = 21  # days of a series that are only learned from
    low_days: int = 2  # days in a row that a cost must be low: yesterday's bill may be incomplete
    pause: int = 2  # normal days after which an incident is over
    apart: int = 4  # the same where those weekdays were normal all along: more than a weekend
    normal_after: int = 21  # days after which an incident is the new normal
    normal_again_after: int = 7  # the same of a fall to where it was before a rise that stayed


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Arrays of series x day."""

    expected: Floats
    score: Floats  # spreads above, negative below
    incident: Counts  # number of the incident the day belongs to, within its series; 0 = normal
    cause: Counts  # why that incident was opened
    backdated: Counts  # on its first day: how many days before it the incident is dated back to
    before: Floats  # on its first day: expected cost of one such day
    adopted: Flags  # the day after which it counts as normal


@dataclass(eq=False)
class _Open:
    """The incident of each series that is not over yet."""

    is_open: Flags
    cause: Counts
    days: Counts
    quiet: Counts
    back: Counts  # normal days since the last abnormal one that were abnormal the week before
    number: Counts
    low: Counts
    unjudged: Counts  # days in a row so far that were high, but at a month's turn of a young series
    level: Floats
    spread: Floats
    former: Floats  # level before the last rise that became the new normal; NaN = there was none

    @staticmethod
    def none(count: int) -> "_Open":
        def zeros() -> Counts:
            return np.zeros(count, dtype=np.int64)

        return _Open(
            is_open=np.zeros(count, dtype=bool),
            cause=zeros(),
            days=zeros(),
            quiet=zeros(),
            back=zeros(),
            number=zeros(),
            low=zeros(),
            unjudged=zeros(),
            level=np.zeros(count),
            spread=np.zeros(count),
            former=np.full(count, np.nan),
        )

    @property
    def sign(self) -> Floats:
        return np.where(self.cause == LOW, -1.0, 1.0)


def judge(
    values: Floats,
    days: NDArray[np.datetime64],
    floor: Floats,
    delivered_since: NDArray[np.intp],
    limits: Limits,
) -> Verdicts:
    """`values` and `floor` are series x day; `floor` is the least money a day that matters.

    `delivered_since` is, per series, the first column of its cloud: a series that begins well
    after that is a new service.
    """
    count, steps = values.shape
    same_day = same_day_last_month(days)
    baseline = Baseline(values, same_day, limits.least_spread)
    active = np.isfinite(values)
    began = np.where(active.any(axis=1), active.argmax(axis=1), steps)
    is_young = began > delivered_since + limits.warm_up
    edges = _is_month_edge(days)
    out = _empty(count, steps)
    now = _Open.none(count)
    for day in range(steps):
        known = active[:, day]
        today = _frozen(baseline.expect(day), now)
        expected, near = _expected(values[:, day], today, now.is_open)
        off = values[:, day] - expected
        unit = np.maximum(today.spread * np.abs(today.level), floor[:, day] / limits.sure)
        unit = np.maximum(unit, near)
        score = np.where(known, off / unit, 0.0)
        ripe = known & (day - began >= limits.warm_up)
        fresh = known & is_young & (day - began < limits.warm_up) & (values[:, day] > floor[:, day])
        # The first month's turn after the level is known: nobody can say what is usual then.
        unseen = edges[day] & (same_day[day].min() - began < RECENT) & (day - began >= RECENT)
        high = ripe & (score > limits.sure)
        ripe = ripe & ~unseen
        now.low = np.where(ripe & (score < -limits.sure), now.low + 1, 0)
        creeps = ripe & (today.pace > limits.creeping) & (today.growth > limits.creeping_share)
        creeps &= day - began >= limits.creeping_from
        creeps &= (today.growth * today.slow > floor[:, day]) & (score > 0)
        cause = np.select(
            [fresh, ripe & high, now.low >= limits.low_days, creeps],
            [NEW, HIGH, LOW, CREEPING],
            0,
        )
        turns = (now.quiet >= limits.pause) & ((cause == LOW) != (now.cause == LOW))
        opens = (~now.is_open | turns) & (cause > 0)
        expected = _open(now, opens, cause, today, expected)
        out.backdated[:, day] = _date_back(now, opens, day - began, limits)
        slowly = opens & (now.cause == CREEPING)
        if slowly.any():
            back = baseline.above_since(day, today, limits.normal_after)
            out.backdated[:, day] = np.where(slowly, back, out.backdated[:, day])
        now.unjudged = np.where(unseen & high & ~now.is_open, now.unjudged + 1, 0)
        out.before[:, day] = np.where(opens, now.level * today.profile, np.nan)
        bad = _go_on(now, opens, known, score, expected, values[:, day], limits, unit)
        out.expected[:, day], out.score[:, day] = expected, score
        out.incident[:, day] = np.where(bad, now.number, 0)
        out.cause[:, day] = np.where(bad, now.cause, 0)
        odd = (expected != today.plain) | (unseen & _is_strange(off, today, limits))
        against = ~bad & (score * now.sign < -limits.still)
        odd = np.where(now.is_open, against, odd)
        baseline.learn(day, today, expected, known & ~bad, odd)
        if day >= WEEK:
            was_bad = (out.incident[:, day - WEEK] == now.number) & now.is_open
            now.back = np.where(bad, 0, now.back + (was_bad & known))
        adopted = _adopt(baseline, day, bad, now, out.expected, limits)
        out.adopted[:, day] = adopted
        now.is_open &= (now.quiet < limits.apart) & (now.back < limits.pause) & ~adopted
    return out


def _frozen(today: Today, now: _Open) -> Today:
    """While an incident lasts, level and spread stay what they were before it."""
    return Today(
        np.where(now.is_open, now.level, today.level),
        today.profile,
        np.where(now.is_open, now.spread, today.spread),
        today.steady,
        today.usual,
        today.growth,
        today.pace,
        today.slow,
    )


def _expected(actual: Floats, today: Today, is_open: Flags) -> tuple[Floats, Floats]:
    """Expected cost, with last month's excess where the day repeats it, and how near is near."""
    off = actual - today.plain
    near = ALIKE * np.abs(today.usual) + 3 * today.steady * np.abs(today.level)
    repeats = (today.usual != 0) & (np.abs(off - today.usual) <= near) & ~is_open
    repeats &= np.abs(off) > near
    expected = np.where(repeats, today.plain + today.usual, today.plain)
    return expected, np.where(repeats, near, 0.0)


def _open(now: _Open, opens: Flags, cause: Counts, today: Today, expected: Floats) -> Floats:
    """Start incidents; returns the expected cost of the day, which depends on the cause."""
    level = np.select([cause == NEW, cause == CREEPING], [0.0, today.slow], today.level)
    now.level = np.where(opens, level, now.level)
    now.spread = np.where(opens, today.spread, now.spread)
    now.cause = np.where(opens, cause, now.cause)
    now.days = np.where(opens, 0, now.days)
    now.quiet = np.where(opens, 0, now.quiet)
    now.number = now.number + opens
    now.is_open = now.is_open | opens
    changed = opens & ((cause == NEW) | (cause == CREEPING))
    return np.where(changed, level * today.profile, expected)


def _date_back(now: _Open, opens: Flags, age: Counts, limits: Limits) -> Counts:
    """How many days ago it began: a new series with its first day, though that cost little."""
    back = np.select(
        [now.cause == LOW, (now.cause == NEW) & (now.number == 1), now.cause == HIGH],
        [np.full_like(age, limits.low_days - 1), age, now.unjudged],
        0,
    )
    return np.where(opens, back, 0)


def _go_on(
    now: _Open,
    opens: Flags,
    known: Flags,
    score: Floats,
    expected: Floats,
    actual: Floats,
    limits: Limits,
    unit: Floats,
) -> Flags:
    """Which series are abnormal today; counts the days and the normal days in between."""
    off = np.where(known, (actual - expected) / unit, 0.0) * now.sign
    bad = opens | (now.is_open & known & (off > limits.still))
    now.days += now.is_open
    now.quiet = np.where(bad, 0, now.quiet + (now.is_open & known))
    return bad


def _adopt(
    baseline: Baseline, day: int, bad: Flags, now: _Open, expected: Floats, limits: Limits
) -> Flags:
    """Which series have a new normal from today on: what stayed, or fell back to what was."""
    stayed = bad & (now.days >= limits.normal_after)
    falls = bad & ~stayed & (now.cause == LOW) & (now.days >= limits.normal_again_after)
    week = slice(max(0, day - WEEK + 1), day + 1)
    again = falls.copy()
    again[falls] = _is_former(baseline.values[falls, week], expected[falls, week], now, falls)
    for which, days in ((stayed, ADOPTED), (again, WEEK)):
        if which.any():
            baseline.adopt(day, which, days)
    before = np.where(now.cause == LOW, np.nan, now.level)
    now.former = np.where(stayed, before, np.where(again, np.nan, now.former))
    return stayed | again


def _is_former(actual: Floats, expected: Floats, now: _Open, which: Flags) -> Flags:
    """Whether the level of the last week is that before the last rise, for some of the series."""
    usual = np.where(expected > 0, expected, np.nan)
    risen, former = now.level[which], now.former[which]
    return np.abs(risen * median(actual / usual) - former) <= ALIKE * (risen - former)


def _is_strange(off: Floats, today: Today, limits: Limits) -> Flags:
    return np.abs(off) > limits.still * today.steady * np.abs(today.level)


def _is_month_edge(days: NDArray[np.datetime64]) -> Flags:
    months = days.astype("datetime64[M]")
    edge = np.timedelta64(MONTH_EDGE, "D")
    return ((days - edge).astype("datetime64[M]") != months) | (
        (days + edge).astype("datetime64[M]") != months
    )


def _empty(count: int, steps: int) -> Verdicts:
    shape = (count, steps)
    return Verdicts(
        expected=np.full(shape, np.nan),
        score=np.zeros(shape),
        incident=np.zeros(shape, dtype=np.int64),
        cause=np.zeros(shape, dtype=np.int64),
        backdated=np.zeros(shape, dtype=np.int64),
        before=np.full(shape, np.nan),
        adopted=np.zeros(shape, dtype=bool),
    )
