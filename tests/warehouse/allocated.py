"""Small bills, allocated by rules as they are written in a settings file."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from duckdb import DuckDBPyConnection
from estate import AS_OF, insert, rows, warehouse

from pipelines.allocation_settings import rules_of
from pipelines.settings import load_rules
from warehouse.allocation.rules import WITHOUT_SETTINGS, Rules
from warehouse.build import build

MARTS = (
    "offer", "price", "compute_price_ratio", "kubernetes_look", "kubernetes_use_daily",
    "kubernetes_capacity_daily", "kubernetes_machine", "kubernetes_node", "kubernetes_node_cost",
    "kubernetes_cost_daily", "allocation_daily",
    "showback_monthly", "daily_cost",
)  # fmt: skip
TIES = (
    "select (select sum(cost) from marts.allocation_daily)"
    " - (select coalesce(sum(effective_cost), 0) from marts.daily_cost)"
)


def rules(text: str) -> Rules:
    """The rules of a file with this text below `allocation:`."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yaml"
        indented = "\n".join(f"  {line}" for line in text.splitlines())
        file.write_text(f"allocation:\n{indented}\n")
        return rules_of(load_rules(file, Path(folder)))


def allocated(
    lines: list[dict[str, Any]], by: Rules = WITHOUT_SETTINGS, **tables: list[dict[str, Any]]
) -> DuckDBPyConnection:
    """A warehouse with these bills and the marts of allocation."""
    connection = warehouse(raw_focus=lines, **tables)
    build(connection, AS_OF, [f"marts.{name}" for name in MARTS], by)
    return connection


@cache
def _without_clusters() -> DuckDBPyConnection:
    return allocated([])


def allocated_again(lines: list[dict[str, Any]], by: Rules) -> DuckDBPyConnection:
    """The same without clusters, in a warehouse that is there already: for many small bills."""
    connection = _without_clusters()
    connection.execute("delete from raw.focus")
    insert(connection, "raw.focus", lines)
    build(connection, AS_OF, ["marts.allocation_daily", "marts.daily_cost"], by)
    return connection


def paid(connection: DuckDBPyConnection, by: str = "kind, team") -> dict[Any, Any]:
    """What is paid in all, by one or more columns of the table."""
    query = f"select {by}, sum(cost) as cost from marts.allocation_daily group by all"
    found = [list(row.values()) for row in rows(connection, query)]
    return {(tuple(row[:-1]) if len(row) > 2 else row[0]): row[-1] for row in found}
