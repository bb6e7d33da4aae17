"""Run somebody's SQL on one snapshot, unable to change anything or to look outside the lake."""

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection, StatementType

from warehouse.errors import QueryRefused
from warehouse.lake import Lake
from warehouse.sql_text import literal

TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns", "duckdb_constraints", "duckdb_functions",
        "duckdb_keywords", "duckdb_schemas", "duckdb_settings", "duckdb_tables", "duckdb_types",
        "duckdb_views", "ducklake_list_files", "ducklake_snapshots", "ducklake_table_changes",
        "ducklake_table_deletions", "ducklake_table_info", "ducklake_table_insertions",
        "generate_series", "json_each", "json_tree", "pragma_table_info", "range", "repeat",
        "unnest",
    }
)  # fmt: skip
"""Table functions that read the lake or nothing. The rest could open files or other databases."""

_FILE = re.compile(r"[/\\*?:]|\.\w+$")  # what no table of ours is named like
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?(\(\s*format\s+\w+\s*\)\s+)?", re.IGNORECASE)


@contextmanager
def ask(lake: Lake, sql: str, snapshot: int) -> Generator[DuckDBPyConnection]:
    """The connection on which the one statement in `sql` has been executed, ready to be fetched.

    Raises `QueryRefused`, or DuckDB's own error if the SQL is wrong.
    """
    with lake.reader(snapshot) as connection:
        confine(connection, lake)
        check(connection, sql)
        yield connection.execute(sql)


def confine(connection: DuckDBPyConnection, lake: Lake) -> None:
    """Take from the connection, for good, every file and database outside the lake."""
    settings = lake.settings
    folders = [
        f"{settings.lake_folder.resolve()}/",
        f"{settings.home.resolve() / 'tmp'}/",  # where large queries spill
        *([settings.data_path] if settings.data_path else []),
    ]
    connection.execute("set python_enable_replacements = false")
    connection.execute(f"set allowed_directories = [{', '.join(map(literal, folders))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def check(connection: DuckDBPyConnection, sql: str) -> None:
    """Raise `QueryRefused` unless `sql` is one statement that only reads the lake."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise QueryRefused(
            f"found {len(statements)} statements, expected one", "Send one query at a time."
        )
    kind = statements[0].type
    if kind not in (StatementType.SELECT, StatementType.EXPLAIN):
        raise QueryRefused(
            f"{kind.name} is not a query",
            "Only SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN are run.",
        )
    text = statements[0].query
    if kind == StatementType.EXPLAIN:
        text = _EXPLAIN.sub("", text, count=1)
    row = connection.execute("select json_serialize_sql(?)", [text]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        raise QueryRefused(
            str(tree.get("error_message", "it can't be read")), "Only queries are run."
        )
    for name in _tables_outside(tree):
        raise QueryRefused(
            f"{name} is no table of the lake",
            "Name tables as schema.table; list them with: show all tables",
        )
    for name in _table_functions(tree):
        if name not in TABLE_FUNCTIONS:
            raise QueryRefused(
                f"the table function {name} could reach outside the lake",
                f"Allowed are: {', '.join(sorted(TABLE_FUNCTIONS))}.",
            )


def _tables_outside(tree: Any) -> Iterator[str]:
    """Names that DuckDB would take for a file, and those of the catalogue behind the lake."""
    for node in _nodes(tree):
        if node.get("type") != "BASE_TABLE":
            continue
        catalog, schema, name = (
            str(node.get(part, "")) for part in ("catalog_name", "schema_name", "table_name")
        )
        if catalog.startswith("__ducklake") or schema.startswith("__ducklake"):
            yield ".".join(part for part in (catalog, schema, name) if part)
        elif _FILE.search(name):
            yield repr(name)


def _table_functions(tree: Any) -> Iterator[str]:
    """Names of all table functions in a serialized statement."""
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node["function"]["function_name"]).lower()


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a serialized statement."""
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)
