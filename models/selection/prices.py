"""The prices of one system in one currency as arrays: a search looks at all of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from models.selection.constraint import About, quoted

Ids = NDArray[np.intp]
Whole = NDArray[np.int64]
NANO = 10**9  # money is in whole 1e-9 of the currency, as exact as DECIMAL(18, 9)


@dataclass(frozen=True)
class Prices:
    """One element per price, in the order of offer, place and kind, and so of their names.

    `price_id` is the row in the table of prices, `of` the row of each table that a price refers to.
    """

    price_id: Ids
    of: Mapping[About, Ids]
    price_hour: Whole
    marginal_hour: Whole  # less what something idle that is owned surely pays for

    def __len__(self) -> int:
        return len(self.price_id)


def read_prices(connection: DuckDBPyConnection, os: str, currency: str) -> Prices:
    """Those of the tables that `market.sql` and `cover.sql` make; there may be none."""
    kinds = f"select min(kind_id), max(kind_id) from kind where os = {quoted(os)}"
    row = connection.execute(f"{kinds} and currency = {quoted(currency)}").fetchone()
    first, last = (-1, -1) if row is None or row[0] is None else row
    found = arrays(
        connection,
        f"""
select rowid as price_id, offer_id, place_id, kind_id, price_hour
from priced
where kind_id between {first} and {last}""",
    )
    price_hour = whole(found.pop("price_hour"))
    marginal_hour = price_hour - _covered(connection, found["price_id"])
    ids = [one.astype(np.intp) for one in found.values()]
    order = np.argsort(_in_one(*ids[1:]), kind="stable")  # at once if they lie in that order
    price_id, offered, place, kind = (one[order] for one in ids)
    of: dict[About, Ids] = {
        "offered": offered, "place": place, "kind": kind, "priced": np.arange(len(order)),
    }  # fmt: skip
    return Prices(price_id, of, price_hour[order], marginal_hour[order])


def _in_one(first: Ids, *others: Ids) -> Ids:
    """Numbers in the order of the first, then of the next, and so on."""
    for other in others:
        first = first * (other.max(initial=0) + 1) + other
    return first


def _covered(connection: DuckDBPyConnection, price_id: NDArray[np.int64]) -> Whole:
    query = "select price_id, covered_hour from cover where covered_hour is not null"
    found = arrays(connection, query)
    last = max(price_id.max(initial=0), found["price_id"].max(initial=0))
    amounts = np.zeros(last + 1, np.int64)
    amounts[found["price_id"]] = whole(found["covered_hour"])
    return amounts[price_id]


def arrays(connection: DuckDBPyConnection, query: str) -> dict[str, NDArray[Any]]:
    """The columns of a query that gives no nulls; decimals come as floats."""
    return cast(dict[str, NDArray[Any]], connection.execute(query).fetchnumpy())


def whole(amounts: NDArray[np.float64]) -> Whole:
    """Money in whole 1e-9: exact up to two million an hour, as a float has 53 bits.

    >>> whole(np.array([0.07, 1_999_999.999_999_999])).tolist()
    [70000000, 1999999999999999]
    """
    return np.rint(amounts * NANO).astype(np.int64)
