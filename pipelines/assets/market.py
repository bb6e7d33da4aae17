"""Refresh what could be rented, at which price, and what has been committed and invoiced."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from clouds import offers as catalogue
from clouds.cloud import Cloud, Reading
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record, told
from pipelines.work import Work

Owned = Literal["commitment", "invoice"]
Offered = Literal["offer", "price"]


def _owned(
    table: Owned, what: str, grain: str, fetch: Callable[[Cloud], Reading]
) -> dg.AssetsDefinition:
    """An asset that replaces its table's rows of each configured source."""

    def read(work: Work, name: str, cloud: Cloud) -> tuple[int, Sequence[str]]:
        found = fetch(cloud)
        with work.lake.write(f"{what} of {name}") as write:
            _replace_owned(write.connection, table, name, found)
            failed = "; ".join(told(failure) for failure in found.failed) or None
            record(write.connection, work, name, what, [_read(work, failed)])
        return found.rows.height, [told(failure) for failure in found.failed]

    return _asset(table, what, grain, read)


def _offered(
    table: Offered,
    what: str,
    grain: str,
    fetch: Callable[[Cloud], pl.DataFrame],
    packaged: Callable[[], pl.DataFrame],
) -> dg.AssetsDefinition:
    """An asset that replaces its table's rows of each reader: the sources, and the catalogue."""

    def read(work: Work, name: str, cloud: Cloud) -> tuple[int, Sequence[str]]:
        found = fetch(cloud)
        with work.lake.write(f"{what} of {name}") as write:
            if not found.is_empty():  # no answer about what is on offer keeps the last one
                _replace_offered(write.connection, table, name, found)
            record(write.connection, work, name, what, [_read(work)])
        return found.height, ()

    def keep_catalogue(work: Work) -> None:
        with work.lake.write(f"{what} of the catalogue") as write:
            _replace_offered(write.connection, table, None, packaged())

    return _asset(table, what, grain, read, keep_catalogue)


def _asset(
    table: str,
    what: str,
    grain: str,
    read: Callable[[Work, str, Cloud], tuple[int, Sequence[str]]],
    first: Callable[[Work], None] = lambda work: None,
) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", table],
        description=grain,
        group_name="raw",
        kinds={"duckdb"},
        pool=WRITE_POOL,
        retry_policy=RETRY,
    )
    def market(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
        first(work)
        return read_each(work, what, lambda name, cloud: read(work, name, cloud))

    return market


def _read(work: Work, failed: str | None = None) -> Scope:
    return Scope(None, until=work.as_of, failed=failed)


def _replace_owned(
    connection: DuckDBPyConnection, table: Owned, source: str, found: Reading
) -> None:
    """Owning nothing is an answer; what could not be read stays until it is read by its id."""
    connection.register("incoming", found.rows)
    anew = f"{table}_id in (select {table}_id from incoming)" if found.failed else "true"
    connection.execute(f"delete from raw.{table} where source = ? and {anew}", [source])
    connection.execute(
        f"insert into raw.{table} by name select ? as source, incoming.* from incoming", [source]
    )
    connection.unregister("incoming")


def _replace_offered(
    connection: DuckDBPyConnection, table: Offered, reader: str | None, found: pl.DataFrame
) -> None:
    """Nothing is written unless something has changed: price lists are long and change seldom.

    `reader` is a configured source; None is the catalogue that travels with the package.
    """
    connection.register("incoming", found.with_columns(pl.lit(reader, pl.String).alias("read_by")))
    ours = "read_by is not distinct from ?"
    known = f"(select {', '.join(found.columns)}, read_by from raw.{table} where {ours})"
    is_same = connection.execute(
        f"select (select count(*) from incoming) = (select count(*) from {known})"
        f" and not exists (from incoming except all from {known})",
        [reader, reader],
    ).fetchone()
    if is_same != (True,):
        connection.execute(f"delete from raw.{table} where {ours}", [reader])
        connection.execute(f"insert into raw.{table} by name from incoming")
    connection.unregister("incoming")


assets = [
    _offered(
        "offer", "offers",
        "One row per reader, cloud and instance type; a rerun replaces what the reader said.",
        lambda cloud: cloud.offers(), catalogue.offers,
    ),
    _offered(
        "price", "prices",
        "One row per reader, cloud, region, instance type, os, price type and currency; "
        "a rerun replaces what the reader said.",
        lambda cloud: cloud.prices(), catalogue.prices,
    ),
    _owned(
        "commitment", "commitments",
        "One row per commitment that is or was owned; a rerun replaces the source.",
        lambda cloud: cloud.commitments(),
    ),
    _owned(
        "invoice", "invoices",
        "One row per issued invoice; a rerun replaces the source.",
        lambda cloud: cloud.invoices(),
    ),
]  # fmt: skip
