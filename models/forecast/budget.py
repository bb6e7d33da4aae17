"""Will a budget be kept: what is spent of it, what is expected, and how likely it is to be broken.

The chance of a breach comes from the same errors as the interval of a total: over the backtest
paths of the budget's own series, as a t distribution around the expected sum.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student

from models.backtest import LEVELS
from models.forecast.history import Floats
from models.forecast.parts import Parts, freedom, spread
from models.forecast.totals import Span, period, spent_since

MONTHS = {"month": 1, "quarter": 3, "year": 12}
SCOPE = ("cloud", "account", "service")  # a null means all of them
SCHEMA = {
    "id": pl.String, "name": pl.String, **dict.fromkeys(SCOPE, pl.String), "currency": pl.String,
    "period": pl.String, "amount": pl.Decimal(38, 18),
}  # fmt: skip
"""One row per budget; `period` is one of MONTHS."""

COLUMNS = {
    **SCHEMA, "starts_on": pl.Date, "ends_on": pl.Date, "spent": pl.Float64, "expected": pl.Float64,
    "lo80": pl.Float64, "hi80": pl.Float64, "lo95": pl.Float64, "hi95": pl.Float64,
    "breach_probability": pl.Float64, "breach_on": pl.Date, "reason": pl.String,
    "made_on": pl.Date,
}  # fmt: skip


def judged(
    budgets: pl.DataFrame,
    keys: pl.DataFrame,
    parts: Parts | None,
    costs: pl.DataFrame,
    *,
    made_on: date,
) -> pl.DataFrame:
    """Rows of models.budget, each for the calendar period that `made_on` is in.

    `keys` are the series of `parts`, in their order; `costs` those of the forecast.
    """
    rows: list[dict[str, object]] = []
    for budget in budgets.select(list(SCHEMA)).iter_rows(named=True):
        span = period(made_on, MONTHS[budget["period"]])
        wanted = _in_scope(budget)
        mine = keys.select(wanted.fill_null(value=False).alias("mine"))["mine"].to_numpy()
        amount = float(budget["amount"])
        spent = float(spent_since(keys, costs, span.starts_on, made_on)[mine].sum())
        row: dict[str, object] = {**budget, **vars(span), "made_on": made_on, "spent": spent}
        if parts is None or not mine.any():
            row["reason"] = "nothing has been billed in this scope and currency yet"
        else:
            row |= _expected(parts, mine, spent, amount, span, made_on)
        if spent > amount:
            row |= {"breach_probability": 1.0, "breach_on": _broken_on(costs, wanted, span, amount)}
        rows.append(row)
    return pl.DataFrame(rows, schema=COLUMNS)


def _in_scope(budget: dict[str, object]) -> pl.Expr:
    """Whether a row of keys or costs counts towards a budget."""
    wanted = pl.col("currency").cast(pl.String) == pl.lit(budget["currency"])
    for name in SCOPE:
        if budget[name] is not None:
            wanted = wanted & (pl.col(name).cast(pl.String) == pl.lit(budget[name]))
    return wanted


def _expected(
    parts: Parts, mine: NDArray[np.bool_], spent: float, amount: float, span: Span, made_on: date
) -> dict[str, object]:
    """What the end of the period will bring, as far as it can be said."""
    steps = (span.ends_on - made_on).days
    if steps and not np.isfinite(parts.mean[mine, :steps]).any():
        return {"reason": "too little is known of these costs to forecast them"}
    future, width, free = _future(parts, mine, steps)
    expected = spent + float(future.sum())
    over = np.flatnonzero(spent + np.cumsum(future) > amount)
    return {
        "expected": expected,
        **_limits(parts, mine, spent, expected, width, free),
        "breach_probability": _chance(expected, width, free, amount),
        "breach_on": made_on + timedelta(days=int(over[0])) if len(over) else None,
    }


def _future(parts: Parts, mine: NDArray[np.bool_], steps: int) -> tuple[Floats, float, float]:
    """Expected cost per day, the spread of its sum, and the degrees of freedom behind that."""
    future: Floats = np.nan_to_num(parts.mean[mine, :steps]).sum(axis=0)
    width, folds = spread(parts, (~mine).astype(np.intp), 2, steps)
    return future, float(width[0]), freedom(folds)


def _limits(
    parts: Parts, mine: NDArray[np.bool_], spent: float, expected: float, width: float, free: float
) -> dict[str, float]:
    """Of what will have been spent at the end of the period; never less than now."""
    floor = spent if parts.is_positive[mine].all() else -np.inf
    limits: dict[str, float] = {}
    for name, level in zip(("80", "95"), LEVELS, strict=True):
        half = float(student.ppf((1 + level) / 2, free)) * width
        limits |= {f"lo{name}": max(expected - half, floor), f"hi{name}": expected + half}
    return limits


def _chance(expected: float, width: float, free: float, amount: float) -> float:
    if width <= 0:
        return float(expected > amount)
    return float(student.sf((amount - expected) / width, free))


def _broken_on(costs: pl.DataFrame, wanted: pl.Expr, span: Span, amount: float) -> date | None:
    """The first day after which more was spent than allowed."""
    day = pl.col("day").cast(pl.Date)
    daily = (
        costs.filter(wanted & (day >= span.starts_on) & (day < span.ends_on))
        .group_by(day.alias("day"))
        .agg(pl.col("cost").cast(pl.Float64).sum())
        .sort("day")
        .filter(pl.col("cost").cum_sum() > amount)
    )
    return daily["day"].item(0) if daily.height else None
