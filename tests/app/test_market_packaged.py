"""The packaged market is what its catalogue makes; whoever changes one makes the other anew."""

from functools import cache

import pytest
from duckdb import DuckDBPyConnection

from app.market import of_catalogue
from app.market_packaged import make
from models.selection.market import TABLES

MAKE = "run 'python -m app.market_packaged' and commit clouds/catalogue/market"


@cache
def made() -> DuckDBPyConnection:
    return make()


@pytest.mark.parametrize("name", TABLES)
def test_each_table_is_what_the_catalogue_makes(name: str) -> None:
    packaged, expected = of_catalogue().connection, made()
    for query in (f"describe {name}", f"from {name} order by all"):
        assert packaged.execute(query).fetchall() == expected.execute(query).fetchall(), MAKE


@pytest.mark.parametrize(
    ("table", "number"),
    [("offered", "offer_id"), ("place", "place_id"), ("kind", "kind_id")],
)
def test_rows_lie_in_the_order_of_their_numbers_which_count_from_zero(
    table: str, number: str
) -> None:
    rows = made().execute(f"select {number} from {table}").fetchall()
    assert [one for (one,) in rows] == list(range(len(rows)))
    assert rows
