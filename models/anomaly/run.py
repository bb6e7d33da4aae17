"""Find the incidents in daily cost: what broke the pattern, since when, and what it cost."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import numpy as np
import polars as pl

from models.anomaly.verdict import CREEPING, LOW, NEW, Counts, Limits, Verdicts, judge
from models.forecast.history import Floats
from models.forecast.run import KEYS, daily_history
from models.known import median

COLUMNS = {
    "id": pl.String, **dict.fromkeys(KEYS, pl.String), "starts_on": pl.Date, "ends_on": pl.Date,
    "direction": pl.String, "days": pl.Int32, "actual": pl.Float64, "expected": pl.Float64,
    "impact": pl.Float64, "score": pl.Float64, "resource_id": pl.String,
    "resource_share": pl.Float64, "reason": pl.String, "evidence": pl.String,
}  # fmt: skip
MONTH = 28  # days whose median total tells how much money matters
GAP = 3  # days between two incidents of one series and direction that make them one


@dataclass(frozen=True)
class Floor:
    """Less than this is nobody's concern, in the bill's currency and per day."""

    day: float = 1.0
    share: float = 0.001  # of the currency's usual daily total
    days: float = 5.0  # an incident must have cost so many times the daily floor


def detect(
    costs: pl.DataFrame,
    *,
    until: date,
    delivered: pl.DataFrame | None = None,
    limits: Limits | None = None,
    floor: Floor | None = None,
) -> pl.DataFrame:
    """Rows of models.anomaly for all days before `until`, the first day that is not complete.

    `costs` and `delivered` are those of `models.forecast.run.forecast`. The resource
    columns and the evidence are empty: they are found where the rows of the bill are known.
    """
    keys, values, days = panel(costs, until=until, delivered=delivered)
    if not keys.height:
        return pl.DataFrame(schema=COLUMNS)
    floor, limits = floor or Floor(), limits or Limits()
    least = floors(values, keys["currency"].to_list(), floor)
    verdicts = judge(values, days, least, delivered_since(values, keys), limits)
    found = _incidents(verdicts, values, least, floor.days, limits)
    if not found.height:
        return pl.DataFrame(schema=COLUMNS)
    return _described(found, keys, days)


def panel(
    costs: pl.DataFrame, *, until: date, delivered: pl.DataFrame | None
) -> tuple[pl.DataFrame, Floats, np.ndarray[tuple[int], np.dtype[np.datetime64]]]:
    """Keys, series x day, and the days."""
    keys, history, first = daily_history(costs, made_on=until, delivered=delivered)
    return keys, history.values, np.datetime64(first, "D") + np.arange(history.steps)


def floors(values: Floats, currencies: list[str | None], floor: Floor) -> Floats:
    """Series x day: the least that matters, by what the currency cost in the month before."""
    out = np.full(values.shape, floor.day)
    for currency in set(currencies):
        rows = np.array([c == currency for c in currencies])
        daily = np.nan_to_num(values[rows]).sum(axis=0)
        for day in range(values.shape[1]):
            usual = median(daily[None, max(0, day - MONTH) : day])[0]
            out[rows, day] = max(floor.day, floor.share * float(np.nan_to_num(usual)))
    return out


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
    row: int
    start: int
    end: int  # exclusive
    direction: str
    days: int
    actual: float
    expected: float
    score: float
    cause: int
    is_adopted: bool
    is_open: bool

    @property
    def impact(self) -> float:
        return self.actual - self.expected


def _incidents(
    verdicts: Verdicts, values: Floats, least: Floats, floor_days: float, limits: Limits
) -> pl.DataFrame:
    """One row per incident that cost enough."""
    steps = values.shape[1]
    kept: list[_Incident] = []
    for row in np.flatnonzero((verdicts.incident > 0).any(axis=1)):
        found: list[_Incident] = []
        numbers: Counts = verdicts.incident[row]
        for number in np.unique(numbers[numbers > 0]):
            one = _incident(int(row), np.flatnonzero(numbers == number), verdicts, values)
            one.is_open = not one.is_adopted and one.end > steps - limits.pause
            before = found[-1] if found else None
            if before and one.start - before.end <= GAP and before.direction == one.direction:
                found[-1] = _joined(before, one)
            else:
                found.append(one)
        kept += [i for i in found if abs(i.impact) >= floor_days * float(least[row, i.end - 1])]
    return pl.DataFrame(
        [{**vars(i), "impact": i.impact} for i in kept],
        schema={
            "row": pl.UInt32, "start": pl.Int64, "end": pl.Int64, "direction": pl.String,
            "days": pl.Int32, "actual": pl.Float64, "expected": pl.Float64, "score": pl.Float64,
            "cause": pl.Int64, "is_adopted": pl.Boolean, "is_open": pl.Boolean,
            "impact": pl.Float64,
        },
    )  # fmt: skip


def _incident(row: int, at: Counts, verdicts: Verdicts, values: Floats) -> _Incident:
    first, last = int(at[0]), int(at[-1])
    back = int(verdicts.backdated[row, first])
    cause = int(verdicts.cause[row, first])
    span = slice(first - back, first)
    early = np.nan_to_num(values[row, span])
    scores: Floats = np.abs(verdicts.score[row, at])
    later = verdicts.adopted[row, last:]
    return _Incident(
        row=row,
        start=first - back,
        end=last + 1,
        direction="down" if cause == LOW else "up",
        days=len(at) + back,
        actual=float(np.nan_to_num(values[row, at]).sum() + early.sum()),
        expected=float(verdicts.expected[row, at].sum() + back * verdicts.before[row, first]),
        score=float(scores.max()),
        cause=cause,
        is_adopted=bool(later[:GAP].any()),
        is_open=False,
    )


def _joined(first: _Incident, second: _Incident) -> _Incident:
    return _Incident(
        first.row,
        first.start,
        second.end,
        first.direction,
        first.days + second.days,
        first.actual + second.actual,
        first.expected + second.expected,
        max(first.score, second.score),
        first.cause,
        second.is_adopted,
        second.is_open,
    )


def _described(
    found: pl.DataFrame, keys: pl.DataFrame, days: np.ndarray[tuple[int], np.dtype[np.datetime64]]
) -> pl.DataFrame:
    """Add keys, dates, a sentence and the query that shows the rows."""
    first: date = days[0].astype(object)
    named = found.join(keys.with_row_index("row"), on="row", how="left", maintain_order="left")
    rows: list[dict[str, object]] = []
    for item in named.iter_rows(named=True):
        starts_on = first + timedelta(days=item["start"])
        stops_on = first + timedelta(days=item["end"])
        text = "|".join([*(str(item[k]) for k in KEYS), starts_on.isoformat(), item["direction"]])
        rows.append({
            **{k: item[k] for k in (*KEYS, "direction", "days", "actual", "expected", "impact",
                                    "score")},
            "id": sha256(text.encode()).hexdigest()[:16],
            "starts_on": starts_on,
            "ends_on": None if item["is_open"] else stops_on,
            "resource_id": None,
            "resource_share": None,
            "reason": _reason(item),
            "evidence": None,
        })  # fmt: skip
    out = pl.DataFrame(rows, schema=COLUMNS)
    return out.sort(pl.col("impact").abs(), descending=True)


def _reason(item: dict[str, object]) -> str:
    days, cause = item["days"], item["cause"]
    actual, expected, impact = (float(str(item[k])) for k in ("actual", "expected", "impact"))
    currency = item["currency"]
    length = "1 day" if days == 1 else f"{days} days"
    money = f"{actual:,.2f} {currency} in {length}"
    if cause == NEW:
        text = f"new: {money}, nothing before"
    else:
        share = f" ({impact / expected:+.0%})" if expected > 0 else ""
        usual = f"instead of {expected:,.2f}{share}"
        verb = "creeping up: " if cause == CREEPING else ""
        text = f"{verb}{money} {usual}"
        if cause != CREEPING:
            text += f", {float(str(item['score'])):.0f} times the usual spread"
    return text + ("; counts as the new normal since then" if item["is_adopted"] else "")
