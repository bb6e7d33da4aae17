"""Build the marts: each SQL file of `marts/` becomes the table of its name, in order of need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from graphlib import TopologicalSorter
from hashlib import sha256
from importlib.resources import files
from time import perf_counter

import sqlglot
from duckdb import DuckDBPyConnection
from sqlglot import exp

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
    query = sqlglot.parse_one(sql, dialect="duckdb")
    local = {cte.alias for cte in query.find_all(exp.CTE)}
    return frozenset(
        f"{table.db}.{table.name}" if table.db else table.name
        for table in query.find_all(exp.Table)
        if table.name and (table.db or table.name not in local)
    )


def _parse(name: str, sql: str) -> Mart:
    header = [line[2:].strip() for line in sql.splitlines() if line.startswith("--")]
    facts = dict(line.split(": ", 1) for line in header if ": " in line)
    return Mart(name, header[0], facts.get("group", "marts"), sql, tables_in(sql))
