"""Write a table of the readable snapshot to a Parquet file, whole or not at all."""

from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.errors import UnknownTable
from warehouse.ingest.load import macros
from warehouse.lake import Lake
from warehouse.sql_text import literal, quoted
from warehouse.tables import tables_of_lake
from warehouse.whole_file import whole_file

FOCUS = "focus"  # strict FOCUS 1.2 CostAndUsage, made from raw.focus


def export(lake: Lake, table: str, out: Path, snapshot: int | None = None) -> int:
    """Write `focus` (strict FOCUS 1.2) or `schema.table` to `out`; returns the rows written.

    Read from the snapshot given, else from `Lake.readable`. Raises `DiskFull`.
    """
    with lake.reader(lake.readable() if snapshot is None else snapshot) as connection:
        if table == FOCUS:
            connection.execute(macros())
            query = (files("warehouse") / "export_focus.sql").read_text()
        else:
            query = f"select * from {_known(connection, table)}"
        with whole_file(out) as partial:
            row = connection.execute(
                f"copy ({query}) to {literal(str(partial))} (format parquet, compression zstd)"
            ).fetchone()
    return int(row[0]) if row else 0


def _known(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    names = tables_of_lake(connection)
    if table not in names:
        raise UnknownTable(table, [FOCUS, *sorted(names)])
    return ".".join(quoted(part) for part in table.split("."))
