"""Bring the tables of an older lake up to what they are now: columns that were added since."""

import re
from collections.abc import Mapping
from importlib.resources import files

from duckdb import DuckDBPyConnection

_COLUMN = re.compile(
    r'^\s+"?(\w+)"? ([A-Z]\w*(?:\([^)]*\))?(?:\[\])?),?\s*(?:--.*)?$', re.MULTILINE
)


def columns_of(ddl: str) -> dict[str, str]:
    """Name and type of each column of a create statement that has one on each line.

    >>> columns_of("create table t (\\n    a VARCHAR, -- an a\\n    b DECIMAL(9, 2)\\n)")
    {'a': 'VARCHAR', 'b': 'DECIMAL(9, 2)'}
    """
    return dict(_COLUMN.findall(ddl))


def add_columns(connection: DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Add what the create statements of `tables` have and the lake has not, at the end.

    `upgrades/<schema>_<table>.<column>.sql` then fills it for the rows of before. Nothing is
    written if nothing is missing.
    """
    known: dict[str, set[str]] = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where database_name = 'lake'"
    ).fetchall():
        known.setdefault(f"{schema}.{table}", set()).add(column)
    missing = [
        (table, column, kind)
        for table, ddl in tables.items()
        if table in known
        for column, kind in columns_of(ddl).items()
        if column not in known[table]
    ]
    if not missing:
        return
    connection.execute("BEGIN")
    for table, column, kind in missing:
        connection.execute(f'alter table lake.{table} add column if not exists "{column}" {kind}')
        fill = files("warehouse") / "upgrades" / f"{table.replace('.', '_')}.{column}.sql"
        if fill.is_file():
            connection.execute(fill.read_text())
    connection.execute("COMMIT")
