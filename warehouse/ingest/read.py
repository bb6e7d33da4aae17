"""Open one file: check its bytes, find its columns and make its rows readable by SQL.

Text is parsed once, into a Parquet file of text columns beside it in the staging folder; Parquet is
read where it lies. Nothing here knows what the columns mean.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from clouds.billing import layouts
from warehouse.ingest.errors import NoSpace, NotReadable
from warehouse.ingest.focus import literal, quoted
from warehouse.ingest.lines import CsvSource, content, line_of_odd_quote
from warehouse.ingest.records import Found, Source

CHUNK = 1 << 20
LARGEST_JSON = 1 << 28  # bytes of one JSON document
DELIMITERS = ",;\t|"
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FULL = re.compile(r"no space left|disk quota|file too large|out of disk|max_temp_directory", re.I)


@dataclass(frozen=True)
class _Input:
    """The bytes of one file under a name that DuckDB does not expand."""

    found: Found
    path: Path
    compression: str
    sha256: str
    size_bytes: int
    staged: Path  # where its rows go if they are text

    @property
    def shown(self) -> str:
        return self.found.shown


def open_source(connection: DuckDBPyConnection, staging: Path, found: Found, number: int) -> Source:
    """Check and stage one file. Raises `NotReadable` or `NoSpace`."""
    try:
        return _open(connection, staging, found, number)
    except OSError as error:
        raise no_space(found.shown, error) or _unreadable(found.shown, error) from error


def no_space(place: str, error: Exception) -> NoSpace | None:
    """The error as `NoSpace` if that is what it is."""
    if not _FULL.search(str(error)):
        return None
    return NoSpace(
        f"{place}: the disk is full ({_first_line(error)}). Nothing of this delivery was loaded"
        " and nothing was replaced; free some space in the home folder and ingest it again."
    )


def _open(connection: DuckDBPyConnection, staging: Path, found: Found, number: int) -> Source:
    size = found.path.stat().st_size
    if size == 0:
        raise NotReadable(
            found.shown, "the file is empty (0 bytes)", "a header and rows", "export it again"
        )
    with _whole_gzip(found):
        path, compression = _unpack(staging, found, number)
        sha256 = _digest(path, compression)
    head = _head(path, compression)
    given = _Input(found, path, compression, sha256, size, staging / f"rows{number}.parquet")
    if head.startswith(b"PAR1"):
        return _parquet(connection, given)
    text = _text(found.shown, head)
    if text.lstrip()[:1] in ("{", "["):
        return _json(connection, given)
    return _csv(connection, given)


def _digest(path: Path, compression: str) -> str:
    """Of the content, so that a packed copy counts as the same file."""
    with content(path, compression) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _unpack(staging: Path, found: Found, number: int) -> tuple[Path, str]:
    """A name without characters that DuckDB would expand, and the compression."""
    with found.path.open("rb") as file:
        magic = file.read(4)
    plain = staging / f"in{number}"
    if magic[:2] == b"\x1f\x8b":
        with gzip.open(found.path) as file:
            is_parquet = file.read(4) == b"PAR1"
            if is_parquet:
                file.seek(0)
                with plain.open("wb") as target:
                    shutil.copyfileobj(file, target, CHUNK)
                return plain, "none"
        plain.symlink_to(found.path.resolve())
        return plain, "gzip"
    if magic == b"PK\x03\x04":
        _unzip(found, plain)
        return plain, "none"
    plain.symlink_to(found.path.resolve())
    return plain, "none"


@contextmanager
def _whole_gzip(found: Found) -> Generator[None]:
    """DuckDB reads a truncated gzip file without complaint, so it is read to its end here."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotReadable(
            found.shown,
            f"the gzip stream is truncated or damaged ({_first_line(error)})",
            "a complete gzip file",
            "copy or export it again",
        ) from error


def _unzip(found: Found, plain: Path) -> None:
    try:
        with zipfile.ZipFile(found.path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise NotReadable(
                    found.shown, f"a zip archive of {len(names)} files", "one file in it",
                    "unpack it and ingest the folder",
                )  # fmt: skip
            with archive.open(names[0]) as file, plain.open("wb") as target:
                shutil.copyfileobj(file, target, CHUNK)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise NotReadable(
            found.shown, f"a damaged zip archive ({error})", "a complete one", "copy it again"
        ) from error


def _head(path: Path, compression: str) -> bytes:
    with content(path, compression) as file:
        return file.read(CHUNK)


def _text(shown: str, head: bytes) -> str:
    """The beginning of a text file. Raises `NotReadable` if it is not UTF-8."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotReadable(
            shown, "the text is UTF-16", "UTF-8",
            "convert it, for example with: iconv -f UTF-16 -t UTF-8",
        )  # fmt: skip
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) == CHUNK:  # cut inside a character
            return head[: error.start].decode("utf-8-sig")
        line = head[: error.start].count(b"\n") + 1
        raise _wrong_encoding(shown, line) from error


def _wrong_encoding(shown: str, line: int | str) -> NotReadable:
    return NotReadable(
        shown, f"line {line} is not UTF-8 text", "UTF-8 (with or without a byte order mark)",
        "convert it, for example with: iconv -f LATIN1 -t UTF-8",
    )  # fmt: skip


def _parquet(connection: DuckDBPyConnection, given: _Input) -> Source:
    relation = parquet(given.path)
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise NotReadable(
            given.shown,
            f"not a complete Parquet file ({_first_line(error)})",
            "a Parquet file with its footer",
            "copy or export it again",
        ) from error
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    for name, type_ in ((row[0], row[1]) for row in described if row[0] != "file_row_number"):
        for field, sql, field_type in _flat(name, quoted(name), type_, connection):
            columns[field], types[field] = sql, field_type
    return Source(given.found, given.sha256, given.size_bytes, relation, columns, types, False)


def parquet(path: Path) -> str:
    """A table function over a Parquet file, with file_row_number."""
    options = "file_row_number = true, hive_partitioning = false"
    return f"read_parquet({literal(str(path))}, {options})"


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


def _csv(connection: DuckDBPyConnection, given: _Input) -> Source:
    names, delimiter = _header(given.shown, given.path, given.compression)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    options = (
        f"header = true, auto_detect = false, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', nullstr = ['', 'NULL'], compression = '{given.compression}', "
        f"columns = {{{types}}}"
    )
    query = f"select * from read_csv({literal(str(given.path))}, {options})"
    try:
        connection.execute(f"copy ({query}) to {literal(str(given.staged))} (format parquet)")
    except duckdb.Error as error:
        even = None if no_space(given.shown, error) else _with_even_lines(given)
        if even:
            return _csv(connection, even)
        raise no_space(given.shown, error) or _bad_csv(given, delimiter, error) from error
    staged = _staged(given, names)
    return CsvSource(
        **vars(staged), path=given.path, compression=given.compression, delimiter=delimiter
    )


def _with_even_lines(given: _Input) -> _Input | None:
    """A copy in which every line ends alike, which DuckDB needs; None if they do already."""
    even = given.staged.with_suffix(".csv")
    if given.path == even:
        return None
    with content(given.path, given.compression) as file, even.open("wb") as target:
        text = io.TextIOWrapper(file, "latin-1")  # any bytes pass it unchanged
        for part in iter(lambda: text.read(CHUNK), ""):
            target.write(part.encode("latin-1"))
        is_mixed = isinstance(text.newlines, tuple)
    return replace(given, path=even, compression="none") if is_mixed else None


def _staged(given: _Input, names: Sequence[str], beside: str = "{}") -> Source:
    columns = {name: quoted(name) for name in names}
    types = dict.fromkeys(names, "VARCHAR")
    relation = parquet(given.staged)
    return Source(
        given.found, given.sha256, given.size_bytes, relation, columns, types, True,
        _sidecar(given.found) if beside == "{}" else beside,
    )  # fmt: skip


def _sidecar(found: Found) -> str:
    """The JSON file beside it, if there is one."""
    if found.beside is None:
        return "{}"
    try:
        return json.dumps(json.loads(found.beside.read_text("utf-8-sig")))
    except ValueError as error:
        raise NotReadable(
            found.shown, f"{found.beside.name} beside it is not valid JSON ({error})",
            "a JSON object about the file", "correct it or take it away",
        ) from error  # fmt: skip


def _header(shown: str, path: Path, compression: str) -> tuple[list[str], str]:
    """Column names (unique, also without case), and the delimiter."""
    with content(path, compression) as raw:
        lines = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            first = lines.readline()
            while first and first.count('"') % 2:
                first += lines.readline()
        except UnicodeDecodeError as error:
            raise _wrong_encoding(shown, 1) from error
    outside = re.sub(r'"[^"]*"', "", first)
    delimiter = max(DELIMITERS, key=outside.count)
    names = next(csv.reader(io.StringIO(first), delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        raise NotReadable(shown, "the first line is blank", "a header", "export it again")
    seen: set[str] = set()
    unique: list[str] = []
    for position, name in enumerate(names, start=1):
        name = name.strip() or f"column_{position}"
        while name.lower() in seen:
            name += "_2"
        seen.add(name.lower())
        unique.append(name)
    return unique, delimiter


def _bad_csv(given: _Input, delimiter: str, error: Exception) -> NotReadable:
    shown, message = given.shown, str(error)
    line = found.group(1) if (found := _LINE.search(message)) else "?"
    if "unicode" in message.lower():
        return _wrong_encoding(shown, line)
    wanted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if wanted:
        what, expected = f"line {line} has {wanted[2]} columns", f"{wanted[1]}, as in the header"
    elif "quote" in message.lower() and (
        odd := line_of_odd_quote(given.path, given.compression, delimiter)
    ):
        what = f"line {odd} goes on after the end of a quoted text"
        expected = "a delimiter there; a quote inside of quoted text is written twice"
    elif "quote" in message.lower():
        what, expected = f"line {line} opens a quote that is never closed", "a closing quote"
    else:
        what, expected = (
            f"line {line} can't be parsed ({_first_line(error)})",
            "comma-separated text",
        )
    return NotReadable(shown, what, expected, "the file may be truncated: copy or export it again")


def _json(connection: DuckDBPyConnection, given: _Input) -> Source:
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
            given.shown, f"not valid JSON ({_first_line(error)})", "JSON text", "export it again"
        ) from error
    return _staged(given, list(paths), beside=beside)


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


def _unreadable(shown: str, error: Exception) -> NotReadable:
    return NotReadable(
        shown, f"the file can't be read ({error})", "a readable file", "check its permissions"
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
