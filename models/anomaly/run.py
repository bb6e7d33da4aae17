"""Find the incidents in daily cost: what broke the pattern, since when, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256

import numpy as np
import polars as pl

from models.anomaly.verdict import CREEPING, LOW, NEW, Counts, Limits, Verdicts, judge
from models.forecast.history import Floats
from models.forecast.run import KEYS, daily_history, without_late
from models.known import median

COLUMNS = {
    "id": pl.String, **dict.fromkeys(KEYS, pl.String), "starts_on": pl.Date, "ends_on": pl.Date,
    "flagged_on": pl.Date, "direction": pl.String, "days": pl.Int32, "actual": pl.Float64,
    "expected": pl.Float64, "impact": pl.Float64, "score": pl.Float64, "resource_id": pl.String,
    "is_new_normal": pl.Boolean, "resource_share": pl.Float64, "reason": pl.String,
    "evidence": pl.String,
}  # fmt: skip
DAY_COLUMNS = {
    "id": pl.String, "day": pl.Date, "actual": pl.Float64, "expected": pl.Float64,
    "is_abnormal": pl.Boolean,
}  # fmt: skip
TOTAL_COLUMNS = {"currency": pl.String, "day": pl.Date, "usual": pl.Float64}
MONTH = 28  # days whose median total tells how much money matters
GAP = 3  # days between two incidents of one series and direction that make them one
NOTHING = 0.005  # of a currency: what is less is shown as 0.00
BEFORE, AFTER = 42, 21  # days around an incident that are shown with it


@dataclass(frozen=True)
class Floor:
    """Less than this is nobody's concern, in the bill's currency and per day."""

    day: float = 1.0
    share: float = 0.001  # of the currency's usual daily total
    days: float = 5.0  # an incident must have cost so many times the daily floor


@dataclass(frozen=True, eq=False)
class Course:
    """All days of the series of an incident, one a column; NaN is a day nobody knows."""

    first: date
    actual: Floats
    expected: Floats
    at: Counts  # the columns of the incident's days

    def between(self, start: date, end: date) -> pl.DataFrame:
        """A row per judged day in [start, end): day, actual, expected, is_abnormal, has_begun."""
        columns = (max(0, (start - self.first).days), max(0, (end - self.first).days))
        span = np.arange(len(self.actual))[slice(*columns)]
        began = int(np.isfinite(self.actual).argmax())
        rows = pl.DataFrame({
            "day": np.datetime64(self.first, "D") + span,
            "actual": self.actual[span], "expected": self.expected[span],
            "is_abnormal": np.isin(span, self.at), "has_begun": span >= began,
        })  # fmt: skip
        return rows.with_columns(
            pl.col("day").cast(pl.Date), pl.col("actual", "expected").fill_nan(None)
        )


@dataclass(frozen=True)
class Found:
    """Incidents of single series, and the days around them."""

    incidents: pl.DataFrame  # COLUMNS
    days: pl.DataFrame  # DAY_COLUMNS: one row per incident and day around it
    totals: pl.DataFrame  # currency, day, usual: median daily total of the month before
    courses: Mapping[str, Course]  # by the id of the incident


def detect(
    costs: pl.DataFrame,
    *,
    until: date,
    delivered: pl.DataFrame | None = None,
    limits: Limits | None = None,
    floor: Floor | None = None,
) -> pl.DataFrame:
    """One row per incident of one series, for all days before `until`, the first incomplete one.

    `costs` and `delivered` are those of `models.forecast.run.forecast`. The resource
    columns and the evidence are empty: they are found where the rows of the bill are known.
    """
    return find(costs, until=until, delivered=delivered, limits=limits, floor=floor).incidents


def find(
    costs: pl.DataFrame,
    *,
    until: date,
    delivered: pl.DataFrame | None = None,
    late: pl.DataFrame | None = None,
    limits: Limits | None = None,
    floor: Floor | None = None,
) -> Found:
    """What `detect` finds, with the days it was judged by.

    `late` (cloud, account, until) names accounts whose bill ends before `until`: what they cost
    since then is unknown, and no drop.
    """
    keys, values, days = panel(costs, until=until, delivered=delivered)
    if not keys.height:
        return _nothing()
    floor, limits = floor or Floor(), limits or Limits()
    values = without_late(values, keys, days, late)
    usual = usual_totals(values, keys["currency"].to_list())
    least = _least(usual, keys["currency"].to_list(), floor)
    verdicts = judge(values, days, least, delivered_since(values, keys), limits)
    kept = _incidents(verdicts, values, least, floor.days, limits)
    if not kept:
        return _nothing()
    courses = _courses(kept, keys, verdicts, values, days)
    incidents = _described(kept, keys, days)
    return Found(incidents, _days(kept, courses, days), _totals(usual, days), courses)


def panel(
    costs: pl.DataFrame, *, until: date, delivered: pl.DataFrame | None
) -> tuple[pl.DataFrame, Floats, np.ndarray[tuple[int], np.dtype[np.datetime64]]]:
    """Keys, series x day, and the days."""
    keys, history, first = daily_history(costs, made_on=until, delivered=delivered)
    return keys, history.values, np.datetime64(first, "D") + np.arange(history.steps)


def floors(values: Floats, currencies: list[str | None], floor: Floor) -> Floats:
    """Series x day: the least that matters, by what the currency cost in the month before."""
    return _least(usual_totals(values, currencies), currencies, floor)


def usual_totals(values: Floats, currencies: list[str | None]) -> dict[str | None, Floats]:
    """Per currency and day: the median daily total of the month before; 0 while unknown."""
    out: dict[str | None, Floats] = {}
    for currency in set(currencies):
        rows = np.array([c == currency for c in currencies])
        daily = np.nan_to_num(values[rows]).sum(axis=0)
        usual = [median(daily[None, max(0, d - MONTH) : d])[0] for d in range(len(daily))]
        out[currency] = np.nan_to_num(np.array(usual, dtype=np.float64))
    return out


def _least(usual: dict[str | None, Floats], currencies: list[str | None], floor: Floor) -> Floats:
    return np.stack([np.maximum(floor.day, floor.share * usual[c]) for c in currencies])


def delivered_since(
    values: Floats, keys: pl.DataFrame
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Per series: the first column in which its account is known to have cost anything."""
    active = np.isfinite(values)
    began = np.where(active.any(axis=1), active.argmax(axis=1), values.shape[1])
    first = keys.with_columns(pl.Series("began", began)).select(
        pl.col("began").min().over("cloud", "currency")
    )
    return first["began"].to_numpy().astype(np.intp)


@dataclass
class _Incident:
    """Consecutive abnormal days of one series; `at` holds their columns, in order."""

    row: int
    at: Counts
    actual: Floats  # per day of `at`
    expected: Floats
    score: float
    cause: int
    is_adopted: bool
    is_open: bool
    flagged: int = -1  # the column at whose end it was known to matter

    @property
    def direction(self) -> str:
        return "down" if self.cause == LOW else "up"

    @property
    def start(self) -> int:
        return int(self.at[0])

    @property
    def end(self) -> int:
        return int(self.at[-1]) + 1

    def after(self, day: int) -> "_Incident":
        """Without the days before that column, which belong to an earlier incident."""
        own = self.at >= day
        return replace(self, at=self.at[own], actual=self.actual[own], expected=self.expected[own])


def _incidents(
    verdicts: Verdicts, values: Floats, least: Floats, floor_days: float, limits: Limits
) -> list[_Incident]:
    """Those that cost enough, each with the first day on which that was known."""
    steps = values.shape[1]
    kept: list[_Incident] = []
    for row in np.flatnonzero((verdicts.incident > 0).any(axis=1)):
        found: list[_Incident] = []
        numbers: Counts = verdicts.incident[row]
        for number in np.unique(numbers[numbers > 0]):
            one = _incident(int(row), np.flatnonzero(numbers == number), verdicts, values)
            one.is_open = not one.is_adopted and one.end > steps - limits.pause
            before = found[-1] if found else None
            one = one if before is None else one.after(before.end)
            if before and one.start - before.end <= GAP and before.direction == one.direction:
                found[-1] = _joined(before, one)
            else:
                found.append(one)
        for one in found:
            one.flagged = _flagged(one, floor_days * least[row, one.at], verdicts)
        kept += [one for one in found if one.flagged >= 0]
    return kept


def _incident(row: int, at: Counts, verdicts: Verdicts, values: Floats) -> _Incident:
    first, last = int(at[0]), int(at[-1])
    back = int(verdicts.backdated[row, first])
    early = np.arange(first - back, first)
    scores: Floats = np.abs(verdicts.score[row, at])
    later = verdicts.adopted[row, last:]
    whole = np.concatenate([early, at])
    before = np.full(back, verdicts.before[row, first])
    return _Incident(
        row=row,
        at=whole,
        actual=np.nan_to_num(values[row, whole]),
        expected=np.concatenate([before, verdicts.expected[row, at]]),
        score=float(scores.max()),
        cause=int(verdicts.cause[row, first]),
        is_adopted=bool(later[:GAP].any()),
        is_open=False,
    )


def _joined(first: _Incident, second: _Incident) -> _Incident:
    return _Incident(
        row=first.row,
        at=np.concatenate([first.at, second.at]),
        actual=np.concatenate([first.actual, second.actual]),
        expected=np.concatenate([first.expected, second.expected]),
        score=max(first.score, second.score),
        cause=first.cause,
        is_adopted=second.is_adopted,
        is_open=second.is_open,
    )


def _flagged(one: _Incident, least: Floats, verdicts: Verdicts) -> int:
    """The first day on which it has cost enough, no day before it was opened; -1 = never."""
    sign = -1.0 if one.direction == "down" else 1.0
    enough = sign * np.cumsum(one.actual - one.expected) >= least
    seen = verdicts.incident[one.row, one.at] > 0
    days = np.flatnonzero(enough & seen)
    return int(one.at[days[0]]) if len(days) and enough[-1] else -1


def _described(
    found: list[_Incident],
    keys: pl.DataFrame,
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> pl.DataFrame:
    """Add keys, dates and a sentence; the largest impact first."""
    first: date = days[0].astype(object)
    rows: list[dict[str, object]] = []
    for one in found:
        actual, expected = float(one.actual.sum()), float(one.expected.sum())
        item = {
            **keys.row(one.row, named=True),
            "direction": one.direction,
            "starts_on": first + timedelta(days=one.start),
            "ends_on": None if one.is_open else first + timedelta(days=one.end),
            "flagged_on": first + timedelta(days=one.flagged),
            "days": len(one.at),
            "actual": actual,
            "expected": expected,
            "impact": actual - expected,
            "score": one.score,
            "is_new_normal": one.is_adopted,
        }
        rows.append({**item, "id": _id(item), "reason": _reason(item, one)})
    out = pl.DataFrame(rows, schema_overrides=COLUMNS)
    missing = [pl.lit(None, dtype=t).alias(c) for c, t in COLUMNS.items() if c not in out.columns]
    return (
        out.with_columns(missing)
        .select(pl.col(c).cast(t) for c, t in COLUMNS.items())
        .sort(pl.col("impact").abs(), "id", descending=[True, False])
    )


def _id(item: Mapping[str, object]) -> str:
    starts_on = item["starts_on"]
    assert isinstance(starts_on, date)
    text = "|".join([*(str(item[k]) for k in KEYS), starts_on.isoformat(), str(item["direction"])])
    return sha256(text.encode()).hexdigest()[:16]


def _courses(
    found: list[_Incident],
    keys: pl.DataFrame,
    verdicts: Verdicts,
    values: Floats,
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> dict[str, Course]:
    """By the incident's id, in the order of `found`."""
    first: date = days[0].astype(object)
    out: dict[str, Course] = {}
    for one in found:
        expected = verdicts.expected[one.row].copy()
        expected[one.at] = one.expected
        item = {
            **keys.row(one.row, named=True),
            "starts_on": first + timedelta(days=one.start),
            "direction": one.direction,
        }
        out[_id(item)] = Course(first, values[one.row], expected, one.at)
    return out


def _days(
    found: list[_Incident],
    courses: Mapping[str, Course],
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> pl.DataFrame:
    first: date = days[0].astype(object)
    frames = [
        course.between(
            first + timedelta(days=one.start - BEFORE), first + timedelta(days=one.end + AFTER)
        ).with_columns(pl.lit(name).alias("id"))
        for one, (name, course) in zip(found, courses.items(), strict=True)
    ]
    return pl.concat(frames).select(pl.col(c).cast(t) for c, t in DAY_COLUMNS.items())


def _totals(
    usual: dict[str | None, Floats], days: np.ndarray[tuple[int], np.dtype[np.datetime64]]
) -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame({"currency": [currency] * len(days), "day": days, "usual": amounts}).select(
            pl.col(name).cast(kind) for name, kind in TOTAL_COLUMNS.items()
        )
        for currency, amounts in usual.items()
    )


def _nothing() -> Found:
    kinds = (COLUMNS, DAY_COLUMNS, TOTAL_COLUMNS)
    incidents, days, totals = (pl.DataFrame(schema=kind) for kind in kinds)
    return Found(incidents, days, totals, {})


def _reason(item: Mapping[str, object], one: _Incident) -> str:
    days, cause = item["days"], one.cause
    actual, expected, impact = (float(str(item[k])) for k in ("actual", "expected", "impact"))
    currency = item["currency"]
    length = "1 day" if days == 1 else f"{days} days"
    money = f"{actual:,.2f} {currency} in {length}"
    if cause == NEW and expected < NOTHING:
        text = f"new: {money}, nothing before"
    else:
        share = f" ({impact / expected:+.0%})" if expected > 0 else ""
        usual = f"instead of {expected:,.2f}{share}"
        # What was new may go on as a step up, which is measured against what was new.
        verb = {CREEPING: "creeping up: ", NEW: "new at first: "}.get(cause, "")
        text = f"{verb}{money} {usual}"
        if cause not in (CREEPING, NEW):
            text += f", {one.score:.0f} times the usual spread"
    return text + ("; counts as the new normal since then" if one.is_adopted else "")
