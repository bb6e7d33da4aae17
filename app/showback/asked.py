"""Ask the published tables who pays: all teams of a month, and rules that are only tried."""

from collections.abc import Sequence
from datetime import date, datetime
from importlib.resources import files
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.allocation.compile import prepare
from warehouse.allocation.rules import Rules
from warehouse.build import find
from warehouse.errors import OlderTables

Rows = list[dict[str, Any]]


def ask(connection: DuckDBPyConnection, query: str, **asked: date | str | None) -> Rows:
    """The rows of queries/<query>.sql. Raises `OlderTables`."""
    for name, value in asked.items():
        connection.execute(f"set variable {name} = {_literal(value)}")
    return rows(connection, (files("app.showback.queries") / f"{query}.sql").read_text())


def rows(connection: DuckDBPyConnection, sql: str) -> Rows:
    """The rows of a query as dictionaries. Raises `OlderTables`."""
    try:
        result = connection.execute(sql)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise OlderTables(error) from error
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def months(connection: DuckDBPyConnection) -> Sequence[date]:
    """The billing months that are allocated, newest first."""
    query = "select distinct month from marts.showback_monthly order by month desc"
    return [row["month"] for row in rows(connection, query)]


def is_whole(connection: DuckDBPyConnection, month: date) -> bool:
    """Whether the month is over and billed to its end, in every currency. Raises `OlderTables`."""
    query = f"select is_whole from marts.billed_month where month = date '{month}'"
    return all(row["is_whole"] for row in rows(connection, query))


def teams(connection: DuckDBPyConnection) -> Sequence[str]:
    """All teams that ever paid."""
    query = "select distinct team from marts.showback_monthly where team is not null order by team"
    return [row["team"] for row in rows(connection, query)]


def try_rules(connection: DuckDBPyConnection, rules: Rules, as_of: datetime) -> None:
    """Allocate by these rules into the temporary table `tried`; the lake is only read."""
    connection.execute("set variable as_of = ?", [as_of])
    prepare(connection, rules)
    sql = find()["marts.allocation_daily"].sql
    try:
        connection.execute(f"create or replace temp table tried as {sql}")
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise OlderTables(error) from error


def _literal(value: date | str | None) -> str:
    match value:
        case None:
            return "null::varchar"
        case date():
            return f"date '{value}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
