"""One scope: what it uses, what can be bought for it, and what may come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.bias import MADE_UP
from models.commitments.demand import Held, Usage, usage_of
from models.commitments.rates import KIND, Rates, rates_of
from models.commitments.scenarios import AHEAD, Scenarios, from_forecast, from_weeks
from models.forecast.run import forecast

Floats = NDArray[np.float64]

SCOPE = ("cloud", "billing_account", "currency")


@dataclass(frozen=True)
class Facts:
    """What the plans are made of."""

    usage: pl.DataFrame  # columns of pipelines/assets/commitment_usage.sql
    prices: pl.DataFrame  # cloud, currency and the columns of models.commitments.rates.PRICES
    held: pl.DataFrame  # columns of pipelines/assets/commitment_held.sql
    cuts: pl.DataFrame  # columns of pipelines/assets/commitment_cuts.sql


@dataclass(frozen=True)
class Scope:
    """One scope: its usage looked at, its rates and what may come."""

    key: Mapping[str, str]
    usage: Usage
    rates: Rates
    all_rates: Rates  # of everything that was ever used, for replays
    scenarios: Scenarios
    held: Mapping[str, Held]
    cut: float  # demand per hour that open recommendations take away
    cuts: int
    cut_by_group: Floats


def of(frame: pl.DataFrame, key: Mapping[str, str], *names: str) -> pl.DataFrame:
    """The rows of a scope, by the named columns of its key."""
    return frame.filter(pl.col(name) == key[name] for name in names)


def scope_of(
    key: Mapping[str, str],
    rows: pl.DataFrame,
    looked_at: pl.DataFrame,
    rates: Rates,
    facts: Facts,
    until: date,
) -> Scope:
    """Put together what is known of one scope up to `until`; `rows` is all of its usage."""
    usage = usage_of(looked_at, rates.types, len(rates.groups), until)
    cuts = of(facts.cuts, key, *SCOPE).join(
        rates.types.select(*KIND, "group"), on=KIND, nulls_equal=True
    )
    by_group = np.zeros(len(rates.groups))
    np.add.at(by_group, cuts["group"].to_numpy().astype(np.intp), cuts["list_hour"].to_numpy())
    by_group *= rates.groups["list_factor"].to_numpy()
    gone = np.minimum(usage.lasting, by_group)
    cut = float(gone.sum(axis=1).mean())
    held = _held(of(facts.held, key, "cloud"), key, usage, rates)
    scenarios = _scenarios(rows, usage, until)
    everything = rates_of(rows, of(facts.prices, key, "cloud", "currency"))
    return Scope(key, usage, rates, everything, scenarios, held, cut, len(cuts), by_group)


def _scenarios(rows: pl.DataFrame, usage: Usage, until: date) -> Scenarios:
    """From the forecast of all usage at on-demand prices, which no commitment changes."""
    daily = (
        rows.group_by(pl.col("starts_at").dt.date().alias("day"))
        .agg(pl.col("on_demand_cost").sum().alias("cost"))
        .with_columns(
            pl.lit("").alias(name) for name in ("cloud", "account", "service", "currency")
        )
    )
    # One series, read by itself: nothing is added up that falls short.
    total = forecast(daily, made_on=until, days=AHEAD, made_up=MADE_UP).total.filter(
        horizon=f"next_{AHEAD}_days", level="service"
    )
    expected = total.row(0, named=True) if total.height else {}
    return from_forecast(expected, AHEAD, usage.level * 24) or from_weeks(usage.daily())


def _held(
    known: pl.DataFrame, key: Mapping[str, str], usage: Usage, rates: Rates
) -> dict[str, Held]:
    """The commitments that cover usage of this scope, and those bought for it lately.

    Of the latter no bill says yet what they cover: all that they can cover counts, so that nothing
    is bought twice.
    """
    held: dict[str, Held] = {}
    for row in known.iter_rows(named=True):
        groups = _coverable(rates, row["region"], row["covers"])
        place = (row["billing_account"], row["currency"] or key["currency"])
        if row["commitment_id"] in usage.covered:
            held[row["commitment_id"]] = Held(row["ends_on"], row["idle_hour"], groups)
        elif row["is_unbilled"] and place == (key["billing_account"], key["currency"]):
            held[row["commitment_id"]] = Held(row["ends_on"], _worth(row, rates, groups), groups)
    return held


def _worth(row: Mapping[str, Any], rates: Rates, groups: NDArray[np.bool_]) -> float:
    """What a commitment can cover, in on-demand cost per hour: the most that its terms allow."""
    on_offer = rates.types.filter(pl.col("group").is_in(np.flatnonzero(groups).tolist()))
    known = rates.rates.join(on_offer.select(KIND), on=KIND)
    if row["hourly_cost"] is not None:
        return row["hourly_cost"] / min([*known["ratio"].to_list(), 1.0])
    same = known.filter(pl.col("instance_type") == row["covers"])["on_demand_hour"].to_list()
    return (row["quantity"] or 0.0) * max([*same, 0.0])


def _coverable(rates: Rates, region: str | None, covers: str | None) -> NDArray[np.bool_]:
    matches = pl.lit(value=True)
    if region is not None:
        matches = matches & (pl.col("region") == region)
    if covers is not None:
        matches = matches & (
            (pl.col("instance_type") == covers)
            | (pl.col("family") == covers).fill_null(value=False)
        )
    found = np.zeros(len(rates.groups), bool)
    found[rates.types.filter(matches)["group"].to_numpy().astype(np.intp)] = True
    return found
