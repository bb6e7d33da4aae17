"""Which tables a lake has, and how those that are written as rows begin."""

import re
from importlib.resources import files

from duckdb import DuckDBPyConnection

from warehouse.transaction import transaction

SCHEMAS = ("raw", "marts", "models", "actions", "meta")


def schema_files() -> dict[str, str]:
    """DDL of every table that is written as rows: `raw.focus` -> its create statement."""
    folder = files("warehouse") / "schema"
    ddl = {file.name.removesuffix(".sql"): file.read_text() for file in folder.iterdir()}
    return {_table_of(name): text for name, text in sorted(ddl.items())}


def _table_of(file_name: str) -> str:
    schema, _, table = file_name.partition("_")
    return f"{schema}.{table}"


def tables_of_lake(connection: DuckDBPyConnection) -> set[str]:
    """Names as schema.name."""
    # not duckdb_tables(), which counts the rows of each: 0.4 s
    found = connection.execute(
        "select distinct concat(schema_name, '.', table_name) from duckdb_columns()"
        " where database_name = 'lake'"
    ).fetchall()
    return {name for (name,) in found}


def create_tables(connection: DuckDBPyConnection) -> None:
    """Those that are written as rows, in a lake that lacks some."""
    existing = tables_of_lake(connection)
    missing = {table: ddl for table, ddl in schema_files().items() if table not in existing}
    if not missing:
        return
    with transaction(connection):
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists lake.{schema}")
        for table, ddl in missing.items():
            connection.execute(re.sub(r"--[^\n]*", "", ddl))
            give_statistics(connection, table)


def keep_marts_in_files(connection: DuckDBPyConnection) -> None:
    """Never as rows of the catalogue, which takes a table of its own for each version of a mart.

    After 30 days there were 1,300 of them, and every query took eight times as long.
    """
    if connection.execute(
        "select 1 from ducklake_options('lake') where option_name = 'data_inlining_row_limit'"
        " and scope_entry = 'marts'"
    ).fetchone():
        return
    connection.execute("CALL lake.set_option('data_inlining_row_limit', 0, schema => 'marts')")


def give_statistics(connection: DuckDBPyConnection, table: str) -> None:
    """To a table that has never held a row.

    Without, each query that reads it looks for them once per column: 0.2 s, not 0.01 s.
    """
    connection.execute(f"insert into {table} default values")
    connection.execute(f"delete from {table}")
