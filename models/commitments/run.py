"""Plan the commitments of every scope: tables of what to buy, why, and what that does."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from models.commitments.demand import remaining
from models.commitments.propose import Proposal, propose
from models.commitments.rates import days_of, rates_of
from models.commitments.scope import SCOPE, Facts, Scope, of, scope_of
from models.commitments.tables import Tables, no_rates

DAYS = 91  # of usage looked at: thirteen whole weeks
LEAST_DAYS = 28
MOST_MONTHS = 9  # to break even; a purchase that takes longer is shown, not recommended


def plans(facts: Facts, *, made_on: date) -> dict[str, pl.DataFrame]:
    """Rows of models.commitment_plan, _outlook, _tranche, _curve and _rate, by the table's name."""
    made = Tables(made_on)
    for key, usage in facts.usage.group_by(SCOPE, maintain_order=True):
        named = {name: str(value) for name, value in zip(SCOPE, key, strict=True)}
        _plan(named, usage, facts, made)
    return made.frames()


def _plan(key: Mapping[str, str], rows: pl.DataFrame, facts: Facts, made: Tables) -> None:
    until: date = rows["until"].max()  # pyright: ignore[reportAssignmentType]
    since = datetime.combine(until - timedelta(days=DAYS), datetime.min.time())
    looked_at = rows.filter(pl.col("starts_at") >= since)
    if looked_at.is_empty():
        return
    days = looked_at["starts_at"].dt.date().n_unique()
    rates = rates_of(looked_at, of(facts.prices, key, "cloud", "currency"))
    if days < LEAST_DAYS:
        made.nothing(key, f"{days} days of usage, need {LEAST_DAYS}")
    elif rates.rates.is_empty():
        made.nothing(key, no_rates(rates))
    else:
        scope = scope_of(key, rows, looked_at, rates, facts, until)
        proposals = [
            found
            for term in rates.terms()
            for found in [_propose(scope, term, made.made_on)]
            if found
        ]
        made.add(scope, proposals, recommended(proposals), MOST_MONTHS)


def recommended(proposals: list[Proposal], most_months: float = MOST_MONTHS) -> Proposal | None:
    """The one that saves most of those that break even soon enough."""
    soon = [one for one in proposals if (one.break_even_months or np.inf) <= most_months]
    return max(soon, key=lambda one: one.saving.mean, default=None)


def _propose(scope: Scope, term: str, made_on: date) -> Proposal | None:
    left = remaining(
        scope.usage, held=scope.held, cut=scope.cut_by_group, scenarios=scope.scenarios,
        made_on=made_on, days=days_of(term),
    )  # fmt: skip
    return propose(scope.rates, term, left, scope.scenarios, MOST_MONTHS)
