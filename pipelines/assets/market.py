"""Refresh what could be rented, at which price, and what has been committed and invoiced."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import dagster as dg

from clouds.cloud import Cloud, Reading
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record, told
from pipelines.work import Work

Key = Literal["cloud", "source"]


def _asset(
    table: str, what: str, grain: str, replaced_by: Key, fetch: Callable[[Cloud], Reading]
) -> dg.AssetsDefinition:
    """An asset that replaces its table's rows of each cloud, or of each configured source."""

    @dg.asset(
        key=["raw", table],
        description=grain,
        group_name="raw",
        kinds={"duckdb"},
        pool=WRITE_POOL,
        retry_policy=RETRY,
    )
    def market(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
        def read(name: str, cloud: Cloud) -> tuple[int, Sequence[str]]:
            found = fetch(cloud)
            _replace(work, table, what, name, found, replaced_by)
            return found.rows.height, [told(failure) for failure in found.failed]

        return read_each(work, what, read)

    return market


def _replace(
    work: Work, table: str, what: str, source: str, found: Reading, replaced_by: Key
) -> None:
    """An empty answer about what is on offer keeps the last one; owning nothing is an answer.

    If a part could not be read, what is known stays until it is read anew by its id.
    """
    with work.lake.write(f"{what} of {source}") as write:
        connection = write.connection
        connection.register("incoming", found.rows)
        if replaced_by == "source":
            anew = f"{table}_id in (select {table}_id from incoming)" if found.failed else "true"
            connection.execute(f"delete from raw.{table} where source = ? and {anew}", [source])
            connection.execute(
                f"insert into raw.{table} by name select ? as source, incoming.* from incoming",
                [source],
            )
        else:
            connection.execute(
                f"delete from raw.{table} where cloud in (select cloud from incoming)"
            )
            connection.execute(f"insert into raw.{table} by name from incoming")
        connection.unregister("incoming")
        failed = "; ".join(told(failure) for failure in found.failed) or None
        scope = Scope(None, until=work.as_of, failed=failed)
        record(connection, source, what, work.as_of, [scope])


assets = [
    _asset(
        "offer", "offers",
        "One row per cloud and instance type; a rerun replaces the clouds it reads.",
        "cloud", lambda cloud: Reading(cloud.offers()),
    ),
    _asset(
        "price", "prices",
        "One row per cloud, region, instance type, os, price type and currency; "
        "a rerun replaces the clouds it reads.",
        "cloud", lambda cloud: Reading(cloud.prices()),
    ),
    _asset(
        "commitment", "commitments",
        "One row per commitment that is or was owned; a rerun replaces the source.",
        "source", lambda cloud: cloud.commitments(),
    ),
    _asset(
        "invoice", "invoices",
        "One row per issued invoice; a rerun replaces the source.",
        "source", lambda cloud: cloud.invoices(),
    ),
]  # fmt: skip
