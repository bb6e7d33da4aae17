"""Bring the tables of an older lake up to what they are now: columns that are new or renamed."""

import re
from collections.abc import Mapping
from importlib.resources import files

from duckdb import DuckDBPyConnection

from warehouse.transaction import transaction

_COLUMN = re.compile(
    r'^\s+"?(\w+)"? ([A-Z]\w*(?:\([^)]*\))?(?:\[\])?),?\s*(?:--.*)?$', re.MULTILINE
)
RENAMED = {("raw.billing_manifest", "sha256"): "digest"}


def columns_of(ddl: str) -> dict[str, str]:
    """Name and type of each column of a create statement that has one on each line.

    >>> columns_of("create table t (\\n    a VARCHAR, -- an a\\n    b DECIMAL(9, 2)\\n)")
    {'a': 'VARCHAR', 'b': 'DECIMAL(9, 2)'}
    """
    return dict(_COLUMN.findall(ddl))


def unknown(connection: DuckDBPyConnection, tables: Mapping[str, str]) -> list[str]:
    """Tables and columns that `tables` have not, nor ever had: those of a newer version.

    Marts are left out, since each run makes them anew, and schemas that somebody else made.
    """
    known = {table: columns_of(ddl).keys() for table, ddl in tables.items()}
    found = connection.execute(
        "select concat(schema_name, '.', table_name), column_name from duckdb_columns()"
        " where database_name = 'lake' and list_contains(?, schema_name) order by all",
        [sorted({table.split(".")[0] for table in tables} - {"marts"})],
    ).fetchall()
    return [
        f"{table}.{column}" for table, column in found
        if column not in known.get(table, ()) and (table, column) not in RENAMED
    ]  # fmt: skip


def upgrade(connection: DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Rename what is called otherwise now; add what the create statements of `tables` have more.

    `upgrades/<schema>_<table>.<column>.sql` then fills it for the rows of before. Nothing is
    written if nothing is missing.
    """
    known: dict[str, set[str]] = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where database_name = 'lake'"
    ).fetchall():
        known.setdefault(f"{schema}.{table}", set()).add(column)
    renamed = [
        (table, old, new) for (table, old), new in RENAMED.items() if old in known.get(table, ())
    ]
    for table, _, new in renamed:
        known[table].add(new)
    missing = [
        (table, column, kind)
        for table, ddl in tables.items()
        if table in known
        for column, kind in columns_of(ddl).items()
        if column not in known[table]
    ]
    if not missing and not renamed:
        return
    with transaction(connection):
        for table, old, new in renamed:
            connection.execute(f'alter table lake.{table} rename column "{old}" to "{new}"')
        for table, column, kind in missing:
            connection.execute(
                f'alter table lake.{table} add column if not exists "{column}" {kind}'
            )
            fill = files("warehouse") / "upgrades" / f"{table.replace('.', '_')}.{column}.sql"
            if fill.is_file():
                connection.execute(fill.read_text())
