"""End transactions before their connection is closed, whatever became of the catalogue's server."""

from collections.abc import Generator
from contextlib import contextmanager, suppress

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.errors import CatalogLost

GONE = (  # as DuckDB says, after libpq, that the server or the way to it broke
    "connection to server at", "connection has been closed", "no connection to the server",
    "server closed the connection", "terminating connection", 'query "ROLLBACK"',
)  # fmt: skip


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Generator[None]:
    """Committed at the end, rolled back on any error."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        roll_back(connection)
        raise
    connection.execute("COMMIT")


def roll_back(connection: DuckDBPyConnection) -> None:
    """End the transaction, if one is open, though its server may be gone.

    DuckDB kills the whole process if it closes a connection and can't roll back.
    """
    with suppress(duckdb.Error):
        connection.execute("ROLLBACK")


@contextmanager
def telling(catalog: str, doing: str) -> Generator[None]:
    """Raise `CatalogLost` if the server of the catalogue goes away; empty = there is none."""
    try:
        yield
    except duckdb.Error as error:
        if catalog and is_gone(error):  # from None: its text may hold the password
            raise CatalogLost(catalog, doing) from None
        raise


def is_gone(error: duckdb.Error) -> bool:
    """Whether it tells of a server that went away, and not of the query."""
    return any(words in str(error) for words in GONE)
