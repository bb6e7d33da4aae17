"""Open what can be rented at which price: the published tables, or the packaged catalogue."""

import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyConnection

from clouds.packaged import packaged
from models.selection.market import TABLES, Market, prepare

if TYPE_CHECKING:
    from app.session import Session

PACKAGED = (
    "these are the packaged prices, older than those 'instance-select run' reads, and it is not "
    "known what you own"
)
ONE = 1  # thread: a question is too little to share out, and many may ask at once


def open_market(session: "Session") -> Market:
    """The market of the home's published snapshot, else that of the catalogue, saying so on stderr.

    Raises `OlderTables` if an older version of the product published it.
    """
    if not _may_have_lake(session.home):
        session.say(f"There is no data in this home: {PACKAGED}.")
        return of_catalogue()
    from warehouse.errors import NothingPublished

    try:
        connection, found = session.lake.published_reader()
    except NothingPublished:
        session.say(f"Nothing has been published in this home: {PACKAGED}.")
        return of_catalogue()
    return published(connection, found.snapshot)


def published(connection: DuckDBPyConnection, snapshot: int) -> Market:
    """The market of that snapshot, on a connection of its own. Raises `OlderTables`."""
    from warehouse.errors import OlderTables

    connection.execute("use memory")
    try:
        connection.execute((files("app") / "market_published.sql").read_text())
        add_facts(connection)
        prepare(connection)
        connection.execute(f"set threads = {ONE}")
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise OlderTables(error) from error
    return Market(connection, snapshot)


def add_facts(connection: DuckDBPyConnection) -> None:
    """What the package knows of regions, and of how often spot machines are taken away."""
    for name, file in (("interruption", "interruptions"), ("round_trip", "round_trips")):
        connection.read_parquet(str(packaged(f"{file}.parquet"))).create_view(name)
    for name, file in (("region_fact", "regions"), ("region_carbon", "carbon")):
        connection.read_csv(str(packaged(f"{file}.csv"))).create_view(name)


def of_catalogue() -> Market:
    """The market as it travels with the package, ready made; what is owned is unknown."""
    connection = duckdb.connect(config={"threads": ONE})
    for name in TABLES:
        connection.read_parquet(str(packaged(f"market/{name}.parquet"))).create(name)
    return Market(connection)


def _may_have_lake(home: Path | None) -> bool:
    """False if there is certainly none: a look at files is faster than reading all settings."""
    folder = home or Path(os.environ.get("INSTANCE_SELECT_HOME") or "var")
    told = ("instance-select.yaml", "lake/catalog.sqlite")
    return "INSTANCE_SELECT_CATALOG" in os.environ or any((folder / n).exists() for n in told)
