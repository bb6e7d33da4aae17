"""Keep the history of every resource: what it looked like, from when to when."""

from importlib.resources import files
from typing import Any

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from clouds.cloud import RESOURCE_SCHEMA, Cloud, Reading
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record, told
from pipelines.work import Work


@dg.asset(
    key=["raw", "resource"], group_name="raw", kinds={"duckdb"}, pool=WRITE_POOL, retry_policy=RETRY
)
def inventory(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per resource and span of time in which it looked the same; nothing is removed."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        found = cloud.inventory()
        with work.lake.write(f"inventory of {name}") as write:
            rows = _keep(write.connection, name, found, work)
        return rows, [told(failure) for failure in found.failed]

    return read_each(work, "inventory", read)


def _keep(connection: DuckDBPyConnection, source: str, found: Reading, work: Work) -> int:
    """Close what changed or vanished, open what is new or changed; the rest stays untouched."""
    _stage(connection, found)
    connection.execute(
        f"set variable read_at = timestamp '{work.as_of:%Y-%m-%d %H:%M:%S}'",
    )
    connection.execute("set variable source = ?", [source])
    for statement in _statements("inventory.sql"):
        connection.execute(statement)
    row = connection.execute("select count(*) from temp.found").fetchone()
    clouds = {account: cloud for cloud, account, _ in found.read}
    scopes = [Scope(*scope, until=work.as_of) for scope in found.read] + [
        Scope(
            clouds.get(f.account),
            f.account,
            f.region,
            failed=f"{f.kind}: {f.reason}" if f.kind else f.reason,
        )
        for f in found.failed
    ]
    record(connection, work, source, "inventory", scopes)
    return row[0] if row else 0


def _stage(connection: DuckDBPyConnection, found: Reading) -> None:
    """The inventory as temporary tables: found, scope, unread."""
    schema = ["cloud", "account", "region"]
    unread = [(f.account, f.region, f.kind) for f in found.failed]
    staged = {
        "found": found.rows.select(list(RESOURCE_SCHEMA)),
        "scope": pl.DataFrame(
            list(found.read), schema=dict.fromkeys(schema, pl.String), orient="row"
        ),
        "unread": pl.DataFrame(
            unread, schema=dict.fromkeys(["account", "region", "kind"], pl.String), orient="row"
        ),
    }
    for name, frame in staged.items():
        connection.register("incoming", frame)
        connection.execute(f"create or replace temporary table {name} as from incoming")
        connection.unregister("incoming")


def _statements(file: str) -> list[str]:
    text = (files("pipelines.assets") / file).read_text()
    return [statement for statement in text.split(";") if statement.strip()]
