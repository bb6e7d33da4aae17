"""Make the rows of one examined file readable by SQL, and name its columns.

Text is parsed once, into a Parquet file of text columns in the staging folder; Parquet is read
where it lies. Nothing here knows what the columns mean.
"""

import json
from collections.abc import Iterator
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from clouds.billing import layouts
from warehouse.ingest.delimited import read_alone
from warehouse.ingest.errors import NotReadable, first_line, no_space
from warehouse.ingest.examine import Examined, parquet, unreadable
from warehouse.ingest.records import Source
from warehouse.sql_text import literal, quoted

LARGEST_JSON = 1 << 28  # bytes of one JSON document


def read(connection: DuckDBPyConnection, given: Examined) -> Source:
    """Open one file to SQL. Raises `NotReadable` or `NoSpace`."""
    try:
        return {"parquet": _parquet, "json": _json, "csv": read_alone}[given.kind](
            connection, given
        )
    except OSError as error:
        raise unreadable(given.shown, error) from error


def _parquet(connection: DuckDBPyConnection, given: Examined) -> Source:
    relation = parquet(given.path)
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise NotReadable(
            given.shown,
            f"not a complete Parquet file ({first_line(error)})",
            "a Parquet file with its footer",
            "copy or export it again",
        ) from error
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    for name, type_ in ((row[0], row[1]) for row in described if row[0] != "file_row_number"):
        for field, sql, field_type in _flat(name, quoted(name), type_, connection):
            columns[field], types[field] = sql, field_type
    clean = _clean(connection, given) & columns.keys()
    return Source(given.found, given.digest, given.size_bytes, relation, columns, types, clean)


def _clean(connection: DuckDBPyConnection, given: Examined) -> frozenset[str]:
    """Columns whose statistics rule out that a value is empty or NULL, as a text.

    To look at each value takes a tenth of the time in which a row is loaded.
    """
    rows = connection.execute(
        f"select path_in_schema from parquet_metadata({literal(str(given.path))})"
        " group by all having count(*) = count(distinct row_group_id) and bool_and(coalesce("
        "stats_null_count = num_values or (stats_min_value > ''"
        " and (stats_min_value > 'NULL' or stats_max_value < 'NULL')), false))"
    ).fetchall()
    return frozenset(name for (name,) in rows)


def _flat(
    name: str, sql: str, type_: str, connection: DuckDBPyConnection
) -> Iterator[tuple[str, str, str]]:
    """A record as its fields, by dotted names: what BigQuery exports as `service.id`."""
    if not type_.startswith("STRUCT(") or type_.endswith("]"):
        yield name, sql, type_
        return
    fields = connection.execute(
        f"select column_name, column_type from (describe select unnest(null::{type_}))"
    ).fetchall()
    for field, field_type in fields:
        yield from _flat(f"{name}.{field}", f"{sql}.{quoted(field)}", field_type, connection)


def _json(connection: DuckDBPyConnection, given: Examined) -> Source:
    """JSON lines, an array of objects, or one document with an array of objects in it."""
    packed = "gzip" if given.compression == "gzip" else "uncompressed"
    options = f"compression = '{packed}', maximum_object_size = {LARGEST_JSON}, format = 'auto'"
    objects = f"read_json_objects({literal(str(given.path))}, {options})"
    document = f"select json as line from {objects}"
    try:
        beside = "{}"
        array = _array_in(connection, document)
        if array:
            field = literal(f'$."{array}"')
            beside = _rest(connection, document, array)
            document = f"select unnest(cast(json -> {field} as json[])) as line from {objects}"
        row = connection.execute(
            f"select cast(json_group_structure(line) as varchar) from ({document})"
        ).fetchone()
        structure = json.loads(row[0]) if row and row[0] else {}
        paths = dict(_paths(structure if isinstance(structure, dict) else {}))
        fields = [
            f"nullif(nullif(line ->> {literal(at)}, ''), 'NULL') as {quoted(name)}"
            for name, at in paths.items()
        ]
        if not fields:
            raise NotReadable(
                given.shown, "JSON without records", "one object per line, or an array of objects",
                "export it again",
            )  # fmt: skip
        select = f"select {', '.join(fields)} from ({document})"
        connection.execute(f"copy ({select}) to {literal(str(given.staged))} (format parquet)")
    except duckdb.Error as error:
        raise no_space(given.shown, error) or NotReadable(
            given.shown, f"not valid JSON ({first_line(error)})", "JSON text", "export it again"
        ) from error
    return given.rows(list(paths), beside)


def _array_in(connection: DuckDBPyConnection, document: str) -> str | None:
    """Name of the array of objects, if the file is a single object that holds one."""
    row = connection.execute(
        f"select count(*), cast(any_value(json_structure(line)) as varchar) from ({document})"
    ).fetchone()
    if row is None or row[0] != 1 or not row[1]:
        return None
    structure = json.loads(row[1])
    if not isinstance(structure, dict):
        return None
    arrays = {layout.records for layout in layouts() if layout.records}
    return next((name for name in structure if name in arrays), None)


def _rest(connection: DuckDBPyConnection, document: str, array: str) -> str:
    patch = literal(json.dumps({array: None}))
    row = connection.execute(
        f"select cast(json_merge_patch(line, {patch}) as varchar) from ({document})"
    ).fetchone()
    return row[0] if row and row[0] else "{}"


def _paths(structure: dict[str, Any], name: str = "", at: str = "$") -> Iterator[tuple[str, str]]:
    for key, type_ in structure.items():
        full, path = (f"{name}.{key}" if name else key), f'{at}."{key}"'
        if isinstance(type_, dict) and type_:
            yield from _paths(type_, full, path)
        else:
            yield full, path
