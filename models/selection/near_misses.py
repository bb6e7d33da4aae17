"""What fails one constraint only and would be cheaper: what binds, and what relaxing it saves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from duckdb import DuckDBPyConnection

from models.selection.constraint import Constraint
from models.selection.judge import Judged
from models.selection.prices import Ids, Whole
from models.selection.values import Values, values

EACH = 3  # near misses shown of each constraint


@dataclass(frozen=True)
class Near:
    """One near miss: the place of its price, what it fails, its value, and by how much."""

    price: int
    claim: Constraint
    value: str
    distance: float  # infinite = not a number
    total: int  # an hour, in whole 1e-9


def near_misses(connection: DuckDBPyConnection, judged: Judged, best: int | None) -> list[Near]:
    """What is known, fails exactly one constraint and costs less than the best price, if any.

    Of each constraint only those for which no other misses by as little and costs as little: the
    nearest three of a range, the cheapest three values of a name. The largest saving comes first.
    """
    which = _failing_one(judged, best)
    failed = judged.failed[which]
    missed = {claim: which[failed == 1 << n] for n, claim in enumerate(judged.claims)}
    missed = {claim: prices for claim, prices in missed.items() if len(prices)}
    had = values(connection, judged, list(missed))
    near = [
        one
        for claim, prices in missed.items()
        for one in islice(_nearest(claim, prices, judged, had[claim]), EACH)
    ]
    return sorted(near, key=lambda one: (one.total, one.distance, one.price))


def _failing_one(judged: Judged, best: int | None) -> Ids:
    is_candidate = (judged.unknown == 0) & judged.has_total
    if best is not None:
        is_candidate &= judged.least_hour < judged.least_hour[best]
    which = np.flatnonzero(is_candidate)
    return which[np.bitwise_count(judged.failed[which]) == 1]


def _nearest(claim: Constraint, prices: Ids, judged: Judged, had: Values) -> Iterator[Near]:
    """The frontier of one constraint, the nearest first."""
    row, total = judged.prices.of[claim.about][prices], judged.least_hour[prices]
    first = _cheapest_of_each(row, total)
    row, total, prices = row[first], total[first], prices[first]
    distance = had.distance[row]
    order = np.lexsort((prices, total, distance))
    is_name = claim.distance == "null"
    kept = _of_each_value(order, row, had) if is_name else _cheaper_than_nearer(order, total)
    for one in kept:
        value = had.text(int(row[one]))
        yield Near(int(prices[one]), claim, value, float(distance[one]), int(total[one]))


def _cheapest_of_each(row: Ids, total: Whole) -> Ids:
    """Where the cheapest price of each row is; of several as cheap the first."""
    least = np.full(int(row.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, row, total)
    cheapest = np.flatnonzero(total == least[row])[::-1]
    where = np.full(len(least), -1, np.intp)
    where[row[cheapest]] = cheapest  # what is assigned last stays: the first price
    return where[where >= 0]


def _of_each_value(order: Ids, row: Ids, had: Values) -> Iterator[int]:
    seen: set[str] = set()
    for one in order.tolist():
        value = had.text(int(row[one]))
        if value not in seen:
            seen.add(value)
            yield one


def _cheaper_than_nearer(order: Ids, total: Whole) -> Iterator[int]:
    """Those that cost less than all that miss by less."""
    ordered = total[order]
    is_less = ordered[1:] < np.minimum.accumulate(ordered)[:-1]
    yield from order[np.concatenate([[True], is_less])].tolist()
