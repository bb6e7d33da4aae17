"""Build the marts: each SQL file of `marts/` becomes the table of its name, in order of need."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from graphlib import TopologicalSorter
from hashlib import sha256
from importlib.resources import files
from time import perf_counter
from typing import Any, cast

import duckdb
from duckdb import DuckDBPyConnection, ParserException

from warehouse.allocation.compile import prepare
from warehouse.allocation.rules import WITHOUT_SETTINGS, Rules
from warehouse.errors import UnknownTable
from warehouse.tables import give_statistics


@dataclass(frozen=True)
class Mart:
    """One SQL file: its table, what it reads, and what its header says."""

    name: str  # marts.daily_cost
    grain: str
    group: str
    sql: str
    reads: frozenset[str]  # tables as schema.name

    @property
    def code_version(self) -> str:
        """Digest of the text: changes when the table has to be built again."""
        return sha256(self.sql.encode()).hexdigest()[:16]


def build(
    connection: DuckDBPyConnection,
    as_of: datetime,
    names: Collection[str] | None = None,
    rules: Rules = WITHOUT_SETTINGS,
) -> list[tuple[str, int, float]]:
    """Replace the named marts, or all of them, inside the caller's transaction.

    `names` are like `marts.daily_cost`; `rules` say who pays for what. Returns name,
    rows and seconds in the order of building.
    """
    connection.execute(f"set variable as_of = timestamp '{as_of:%Y-%m-%d %H:%M:%S}'")
    connection.execute((files("warehouse") / "macros.sql").read_text())
    prepare(connection, rules)
    built: list[tuple[str, int, float]] = []
    for mart in in_order(names):
        started = perf_counter()
        counted = connection.execute(
            f"create or replace table {mart.name} as {mart.sql}"
        ).fetchone()
        rows = counted[0] if counted else 0
        if not rows:
            give_statistics(connection, mart.name)
        built.append((mart.name, rows, perf_counter() - started))
    return built


def in_order(names: Collection[str] | None = None) -> Sequence[Mart]:
    """The named marts, or all of them, each after those it reads. Raises `UnknownTable`."""
    marts = find()
    wanted = set(marts if names is None else names)
    for name in sorted(wanted - marts.keys()):
        raise UnknownTable(name, sorted(marts))
    graph = {name: sorted(marts[name].reads & marts.keys()) for name in sorted(marts)}
    return [marts[name] for name in TopologicalSorter(graph).static_order() if name in wanted]


@cache
def find() -> dict[str, Mart]:
    """Every mart by name, read from the SQL files of this package."""
    folder = files("warehouse") / "marts"
    found = [
        _parse(f"marts.{file.name.removesuffix('.sql')}", file.read_text())
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return {mart.name: mart for mart in sorted(found, key=lambda mart: mart.name)}


def tables_in(sql: str) -> frozenset[str]:
    """Tables a query reads, as schema.name.

    >>> sorted(tables_in("with a as (from raw.focus) select * from a join marts.b using (x)"))
    ['marts.b', 'raw.focus']
    """
    nodes = list(_nodes(_syntax(sql)))
    local = {cte["key"] for node in nodes for cte in node.get("cte_map", {}).get("map", ())}
    named = [
        (table.get("schema_name"), table["table_name"])
        for table in nodes
        if table.get("type") == "BASE_TABLE"
    ]
    return frozenset(
        f"{schema}.{table}" if schema else table
        for schema, table in named
        if schema or table not in local
    )


def _syntax(sql: str) -> Any:
    """A query as DuckDB's parser reads it, where it says something. Raises `ParserException`."""
    parsed = "select json_serialize_sql(?::varchar, skip_null := true, skip_empty := true)"
    (text,) = _parser().cursor().execute(parsed, [sql]).fetchall()[0]
    syntax = json.loads(text)
    if syntax["error"]:
        raise ParserException(syntax["error_message"])
    return syntax["statements"]


@cache
def _parser() -> DuckDBPyConnection:
    """Kept open: opening one takes ten times what parsing does."""
    return duckdb.connect(config={"threads": 1})


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    """Every node of it, at any depth."""
    if isinstance(syntax, dict):
        node = cast("dict[str, Any]", syntax)
        yield node
        syntax = list(node.values())
    if isinstance(syntax, list):
        for part in cast("list[Any]", syntax):
            yield from _nodes(part)


def _parse(name: str, sql: str) -> Mart:
    header = [line[2:].strip() for line in sql.splitlines() if line.startswith("--")]
    facts = dict(line.split(": ", 1) for line in header if ": " in line)
    return Mart(name, header[0], facts.get("group", "marts"), sql, tables_in(sql))
