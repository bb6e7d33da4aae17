"""Which data files of the lake have gone, as after somebody cleared the folder by hand."""

from pathlib import Path

from duckdb import DuckDBPyConnection

from warehouse.sql_text import literal
from warehouse.tables import tables_of_lake


def lost_files(connection: DuckDBPyConnection) -> dict[str, list[Path]]:
    """By table, in the snapshot that the connection reads. What lies in an object store is trusted.

    Asked of the catalogue: no file is opened.
    """
    lost: dict[str, list[Path]] = {}
    for name in sorted(tables_of_lake(connection)):
        schema, table = name.split(".", 1)
        files = connection.execute(
            "select unnest([data_file, delete_file]) from"
            f" ducklake_list_files('lake', {literal(table)}, schema => {literal(schema)})"
        ).fetchall()
        local = [Path(file) for (file,) in files if file and "://" not in file]
        if gone := [file for file in local if not file.exists()]:
            lost[name] = gone
    return lost
