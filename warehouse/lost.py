"""Which data files of the lake have gone, as after somebody cleared the folder by hand."""

from pathlib import Path

from duckdb import DuckDBPyConnection

from warehouse.ingest.focus import literal


def lost_files(connection: DuckDBPyConnection) -> dict[str, list[Path]]:
    """By table, in the snapshot that the connection reads. What lies in an object store is trusted.

    Asked of the catalogue: no file is opened.
    """
    tables = connection.execute(
        "select distinct schema_name, table_name from duckdb_columns()"
        " where database_name = 'lake' order by all"
    ).fetchall()
    lost: dict[str, list[Path]] = {}
    for schema, table in tables:
        files = connection.execute(
            "select unnest([data_file, delete_file]) from"
            f" ducklake_list_files('lake', {literal(table)}, schema => {literal(schema)})"
        ).fetchall()
        local = [Path(file) for (file,) in files if file and "://" not in file]
        if gone := [file for file in local if not file.exists()]:
            lost[f"{schema}.{table}"] = gone
    return lost
