"""Will a budget be kept: what is spent of it, what is expected, and how likely it is to be broken.

The chance of a breach comes from the same errors as the interval of a total: over the backtest
paths of the budget's own series, as a t distribution around the expected sum.
"""

from datetime import date, timedelta
from math import isclose
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student

from models.backtest import LEVELS
from models.forecast.history import Floats
from models.forecast.parts import Parts, freedom, spread
from models.forecast.totals import Span, billed_until, period, spent_since

SETTLING = 10  # days of a new period in which the one before is still judged
ROUNDING = 1e-10  # share of an amount by which a sum of binary numbers may miss it
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SCOPE = ("cloud", "account", "service")  # a null means all of them
SCHEMA = {
    "id": pl.String, "name": pl.String, **dict.fromkeys(SCOPE, pl.String), "currency": pl.String,
    "period": pl.String, "amount": pl.Decimal(38, 18), "created_at": pl.Datetime("us"),
}  # fmt: skip
"""One row per budget; `period` is one of MONTHS."""

STORED = {name: kind for name, kind in SCHEMA.items() if name != "created_at"}
COLUMNS = {
    **STORED, "starts_on": pl.Date, "ends_on": pl.Date, "spent": pl.Float64,
    "expected": pl.Float64, "lo80": pl.Float64, "hi80": pl.Float64, "lo95": pl.Float64,
    "hi95": pl.Float64, "breach_probability": pl.Float64, "breach_on": pl.Date,
    "reason": pl.String, "made_on": pl.Date,
}  # fmt: skip


def judged(
    budgets: pl.DataFrame,
    keys: pl.DataFrame,
    parts: Parts | None,
    costs: pl.DataFrame,
    *,
    made_on: date,
) -> pl.DataFrame:
    """Rows of models.budget: for the calendar period that `made_on` is in, and the one before.

    That one is there for SETTLING days, since its last day and late corrections become known
    afterwards; not for a budget that is younger than its end. `keys` are the series of `parts`,
    in their order; `costs` those of the forecast.
    """
    rows = [
        _row(budget, span, keys, parts, costs, made_on)
        for budget in budgets.select(list(SCHEMA)).iter_rows(named=True)
        for span in _periods(budget, made_on)
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def _periods(budget: dict[str, Any], made_on: date) -> list[Span]:
    months = MONTHS[budget["period"]]
    now = period(made_on, months)
    before = period(now.starts_on - timedelta(days=1), months)
    is_settling = made_on - now.starts_on < timedelta(days=SETTLING)
    made = budget["created_at"]
    was_there = made is None or made.date() < before.ends_on
    return [before, now] if is_settling and was_there else [now]


def _row(
    budget: dict[str, Any],
    span: Span,
    keys: pl.DataFrame,
    parts: Parts | None,
    costs: pl.DataFrame,
    made_on: date,
) -> dict[str, object]:
    wanted = _in_scope(budget)
    mine = keys.select(wanted.fill_null(value=False).alias("mine"))["mine"].to_numpy()
    amount, until = float(budget["amount"]), min(made_on, span.ends_on)
    spent = _met(float(spent_since(keys, costs, span.starts_on, until)[mine].sum()), amount)
    facts = {name: budget[name] for name in STORED}
    row: dict[str, object] = {**facts, **vars(span), "made_on": made_on, "spent": spent}
    if parts is None or not mine.any():
        row["reason"] = "nothing has been billed in this scope and currency yet"
    else:
        row |= _expected(parts, mine, spent, amount, span, made_on)
        billed: list[date] = billed_until(costs.filter(wanted), made_on)["day"].unique().to_list()
        begun = min(billed, default=span.starts_on)
        if begun > span.starts_on:
            told = f"first billed on {begun}; if there was cost before, it is not counted"
            row["reason"] = f"{told}; {row['reason']}" if "reason" in row else told
    if spent > amount:
        row |= {"breach_probability": 1.0, "breach_on": _broken_on(costs, wanted, span, amount)}
    return row


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
    """What the end of the period will bring, or has brought, as far as it can be said."""
    steps = max((span.ends_on - made_on).days, 0)
    if steps and not np.isfinite(parts.mean[mine, :steps]).any():
        return {"reason": "too little is known of these costs to forecast them"}
    future: Floats = np.nan_to_num(parts.mean[mine, :steps]).sum(axis=0)
    width, folds = spread(parts, (~mine).astype(np.intp), 2, steps)
    missing, unsure = parts.since((made_on - span.starts_on).days)
    over = max((made_on - span.ends_on).days, 0)
    if over:  # days since the end are not of this period
        late, doubt = parts.since(over)
        missing, unsure = missing - late, unsure - doubt
    billed = spent + float(missing[mine].sum())
    width_all, free = float(width[0] + unsure[mine].sum()), freedom(folds)
    expected = _met(billed + float(future.sum()), amount)
    passed = np.flatnonzero(billed + np.cumsum(future) > amount * (1 + ROUNDING))
    found: dict[str, object] = {
        "expected": expected,
        **_limits(parts, mine, spent, expected, width_all, free),
        "breach_probability": _chance(expected, width_all, free, amount),
        "breach_on": made_on + timedelta(days=int(passed[0])) if len(passed) else None,
    }
    if missing[mine].any():
        days = int(parts.unknown[mine].max())
        found["reason"] = f"bills are up to {days} days late; those days are estimated"
    return found


def _met(total: float, amount: float) -> float:
    """The amount itself where a total misses it by rounding only: that much is allowed."""
    return amount if isclose(total, amount, rel_tol=ROUNDING) else total


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
    if width <= amount * ROUNDING:
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
        .filter(pl.col("cost").cum_sum() > amount * (1 + ROUNDING))
    )
    return daily["day"].item(0) if daily.height else None
