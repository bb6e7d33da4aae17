"""Judge every price: which claims about it are false, which unknown, and what it comes to.

Claims are judged in SQL on the few offers, places and kinds there are; prices gather the outcomes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from models.selection.constraint import About, Constraint, constraints
from models.selection.market import Market
from models.selection.price_range import is_outside
from models.selection.prices import NANO, Prices, Whole, arrays, whole
from models.selection.requirements import Requirements
from models.selection.total import HOURS_A_MONTH, of_place

Bits = NDArray[np.uint64]  # one per claim, in their order; there are 64 at most
IDS: Mapping[About, str] = {"offered": "offer_id", "place": "place_id", "kind": "kind_id"}
UNKNOWN = -1  # as an amount or a share


@dataclass(frozen=True)
class Rows:
    """One element per row of a table: the bits of claims that are false, and of those unknown."""

    failed: Bits
    unknown: Bits


@dataclass(frozen=True)
class Judged:
    """One element per price of that system and currency; its bits are those of its rows."""

    asked: Requirements
    claims: Sequence[Constraint]
    prices: Prices
    rows: Mapping[About, Rows]
    failed: Bits
    unknown: Bits
    least_hour: Whole  # the total, its unknown parts left out
    has_total: NDArray[np.bool_]  # no part of it is unknown


def judge(market: Market, asked: Requirements) -> Judged:
    """All prices of the system and the currency asked for."""
    claims = constraints(asked)
    prices = market.prices(asked.os, asked.currency)
    rows: dict[About, Rows] = {}
    failed, unknown = (np.zeros(len(prices), np.uint64) for _ in range(2))
    for claim in claims:
        about = claim.about
        if about in rows:
            continue
        if about == "priced":
            rows[about] = _of_prices(prices, claims, asked)
        else:
            rows[about] = _of_table(market.connection, claims, about)
        failed |= rows[about].failed[prices.of[about]]
        unknown |= rows[about].unknown[prices.of[about]]
    totals = _totals(market.connection, prices, asked)
    return Judged(asked, claims, prices, rows, failed, unknown, *totals)


def _of_table(connection: DuckDBPyConnection, claims: Sequence[Constraint], about: About) -> Rows:
    parts = [
        f"{_bits(claims, about, outcome)} as {name}"
        for name, outcome in (("failed", "false"), ("unknown", "null"))
    ]
    query = f"select {', '.join(parts)} from {about} order by {IDS[about]}"
    return Rows(**arrays(connection, query))


def _bits(claims: Sequence[Constraint], about: About, outcome: str) -> str:
    parts = [
        f"if(({claim.holds}) is {outcome}, {1 << number}, 0)"
        for number, claim in enumerate(claims)
        if claim.about == about
    ]
    return f"({' + '.join(parts)})::ubigint"


def _of_prices(prices: Prices, claims: Sequence[Constraint], asked: Requirements) -> Rows:
    (bit,) = (1 << number for number, claim in enumerate(claims) if claim.about == "priced")
    is_failed = is_outside(prices.price_hour, asked.ranges["price_hour"])
    return Rows(is_failed * np.uint64(bit), np.zeros(len(prices), np.uint64))


def _totals(
    connection: DuckDBPyConnection, prices: Prices, asked: Requirements
) -> tuple[Whole, NDArray[np.bool_]]:
    least = prices.marginal_hour
    has_total = np.ones(len(prices), np.bool_)
    for part in _parts(connection, prices, asked):
        has_total &= part >= 0
        least = least + np.maximum(part, 0)
    return least, has_total


def _parts(connection: DuckDBPyConnection, prices: Prices, asked: Requirements) -> Iterator[Whole]:
    """What comes on top of each price, as `total.parts` says it; below zero = unknown."""
    if parts := of_place(asked):
        listed = ", ".join(
            f"coalesce({part}, {UNKNOWN})::decimal(18, 9) as part_{number}"
            for number, part in enumerate(parts)
        )
        found = arrays(connection, f"select {listed} from place order by place_id")
        yield from (whole(part)[prices.of["place"]] for part in found.values())
    if asked.restart_hours:
        share = f"if(is_spot, coalesce(interruption_high, {UNKNOWN}), 0)::double as percent"
        found = arrays(connection, f"select {share} from kind order by kind_id")
        percent = found["percent"][prices.of["kind"]]
        lost = prices.price_hour / NANO * asked.restart_hours * percent / 100 / HOURS_A_MONTH
        yield np.where(percent == UNKNOWN, UNKNOWN, np.floor(lost * NANO + 0.5).astype(np.int64))
