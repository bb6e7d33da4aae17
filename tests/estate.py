"""Build a small warehouse in memory from dictionaries of rows."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.build import build, find
from warehouse.tables import SCHEMAS, schema_files

AS_OF = datetime(2026, 3, 20, 12)

DEFAULT_LINE: Mapping[str, Any] = {
    "x_cloud": "aws",
    "x_source": "aws/focus/acme",
    "ProviderName": "AWS",
    "BillingAccountId": "payer",
    "SubAccountId": "shop",
    "ServiceName": "EC2",
    "ServiceCategory": "Compute",
    "RegionId": "eu-west-1",
    "ChargeCategory": "Usage",
    "BillingCurrency": "USD",
    "PricingCategory": "Standard",
}


def line(day: str, cost: str, **columns: Any) -> dict[str, Any]:
    """A charge line of one day of the month it is billed in; any column can be named."""
    start = datetime.fromisoformat(day)
    period = start.replace(day=1)
    return {
        **DEFAULT_LINE,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": datetime.fromordinal(start.toordinal() + 1),
        "BillingPeriodStart": period,
        "BillingPeriodEnd": datetime(period.year + period.month // 12, period.month % 12 + 1, 1),
        "BilledCost": Decimal(cost),
        "EffectiveCost": Decimal(cost),
        "ListCost": Decimal(cost),
        "ContractedCost": Decimal(cost),
        **columns,
    }


def warehouse(**tables: list[dict[str, Any]]) -> DuckDBPyConnection:
    """The tables of the schema with the rows given as raw_focus=[...], raw_metric=[...]."""
    connection = duckdb.connect()
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    for ddl in schema_files().values():
        connection.execute(re.sub(r"--[^\n]*", "", ddl))
    for table, rows in tables.items():
        insert(connection, table.replace("_", ".", 1), rows)
    return connection


def built_warehouse() -> DuckDBPyConnection:
    """Every table and mart with its real columns, empty; copied, as building takes a second."""
    connection = duckdb.connect()
    connection.execute(f"attach '{Path(_empty().name, 'empty.duckdb')}' as empty (read_only)")
    connection.execute("copy from database empty to memory")
    connection.execute("detach empty")
    return connection


@cache
def _empty() -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory()
    with duckdb.connect(Path(folder.name, "empty.duckdb")) as connection:
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
        for ddl in schema_files().values():
            connection.execute(ddl)
        build(connection, AS_OF)
    return folder


def needed(*names: str) -> set[str]:
    """Marts by their names, such as marts.freshness, with all that they are made from."""
    marts = find()
    return set(names).union(*(needed(*(marts[name].reads & marts.keys())) for name in names))


def insert(connection: DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Write the rows, each of which names its own columns."""
    for row in rows:
        columns = ", ".join(f'"{column}"' for column in row)
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into {table} ({columns}) values ({marks})", list(row.values()))


def rows(connection: DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def mart(name: str, order: str = "all", **tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one mart over a small warehouse."""
    connection = warehouse(**tables)
    build(connection, AS_OF, needed(f"marts.{name}"))
    return rows(connection, f"select * from marts.{name} order by {order}")


def d(text: str) -> Decimal:
    """An exact decimal."""
    return Decimal(text)


def day(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)
