"""Rows of the published snapshot, for answers."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

import duckdb
from rich.console import RenderableType

from app.answer import Answer, plain
from app.errors import BadInput
from app.session import Session
from app.tables import footer, table
from warehouse.errors import OlderTables
from warehouse.query import ask

LARGE = 1000  # rows; nobody reads a longer table, and laying it out is slow


def read(session: Session, query: str) -> list[dict[str, Any]]:
    """Every row of one of our own queries, as a dict.

    Raises `OlderTables` if the published snapshot is of an older version of the product.
    """
    with session.lake.reader(session.snapshot) as connection:
        try:
            result = connection.execute(query)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise OlderTables(error) from error
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def run_query(session: Session, query: str) -> Answer:
    """Somebody's query: columns, rows and the snapshot. Raises `BadInput` if the SQL is wrong."""
    try:
        with ask(session.lake, query, session.readable) as result:
            columns = [column[0] for column in result.description or ()]
            rows = result.fetchall()
    except duckdb.Error as error:
        raise BadInput(f"DuckDB can't run this query. {error}") from error
    document = {"columns": columns, "rows": rows, "snapshot": session.readable}
    return Answer(document, lambda: _view(columns, rows, session.readable))


def _view(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], snapshot: int
) -> Iterable[RenderableType]:
    """A table; comma-separated text where there are too many rows for one."""
    shown = ([plain(cell) for cell in row] for row in rows)
    if len(rows) > LARGE:
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *shown])
        return [text.getvalue().rstrip("\n")]
    return [table(columns, shown), footer(snapshot)]
