"""Read and write tables in the format that the name of the file says."""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from app.errors import BadInput
from warehouse.whole_file import whole_file

Compression = Literal["uncompressed", "gzip", "zstd"]
COMPRESSED: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
SEPARATORS = {".csv": ",", ".tsv": "\t"}
SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
NO_TEXT = "it is UTF-16 or no text at all; save it as UTF-8"
JSON = re.compile(rb'\s*[\[{]\s*["{]')
STARTS = {  # of files that are something else
    b"\xff\xfe": NO_TEXT, b"\xfe\xff": NO_TEXT, b"PAR1": "it is Parquet; name it .parquet",
    b"PK\x03\x04": "it is a spreadsheet or an archive; save its rows as CSV or Parquet",
}  # fmt: skip
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, zstd
OFFSET = re.compile(r"[+-]\d\d:?\d\d")
AGAIN = "_duplicated_0"  # what polars puts behind the name of a column that has it, too
NAMES = ".csv, .tsv (also with .gz or .zst) or .parquet"


@dataclass(frozen=True)
class Format:
    """How a table is written, and how its rows are counted when one is named."""

    name: str
    unit: str = "line"
    first: int = 2  # number of the first row; before it come the names of the columns
    separator: str = ","
    compression: Compression = "uncompressed"

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0."""
        return f"{self.unit} {row + self.first}"


PARQUET = Format("Parquet", "row", 1)
CSV = Format("CSV")


def format_of(file: Path) -> Format | None:
    """By the end of the name, in upper or lower case; None if that says nothing."""
    last, before = file.suffix.lower(), Path(file.stem).suffix.lower()
    if last == ".parquet":
        return PARQUET
    compression = COMPRESSED.get(last, "uncompressed")
    ending = before if last in COMPRESSED else last
    if ending not in SEPARATORS:
        return None
    return Format(ending[1:].upper(), separator=SEPARATORS[ending], compression=compression)


def given_format(file: Path) -> Format:
    """Of a file that somebody names: CSV if its name says nothing."""
    return format_of(file) or CSV


def read_table(file: Path) -> pl.DataFrame:
    """All columns; those of CSV and TSV as text. Raises `BadInput`."""
    if not file.is_file():
        raise BadInput(f"{file} does not exist, or is not a file.")
    form = given_format(file)
    try:
        if form is PARQUET:
            rows = _read_parquet(file)
            words = pl.selectors.categorical() | pl.selectors.enum()  # pandas writes them so
            return rows.with_columns(words.cast(pl.String))
        if other := _another_format(file, form):
            raise BadInput(f"{file} can't be read as {form.name}: {other}.")
        return pl.read_csv(file, infer_schema=False, separator=form.separator)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        wrong = _too_long(file, form) or str(error).splitlines()[0]
        raise BadInput(f"{file} can't be read as {form.name}: {wrong}") from error


def _another_format(file: Path, form: Format) -> str | None:
    """What a file plainly is instead, if all of its rows would be read as one odd column."""
    with file.open("rb") as opened:
        head = opened.read(4096)
    if head.startswith(PACKED):
        return None
    line = head.split(b"\n")[0]
    if what := next((what for start, what in STARTS.items() if head.startswith(start)), None):
        return what
    if JSON.match(head):
        return "it is JSON; save its rows as CSV or Parquet"
    if b"\0" in line:
        return NO_TEXT
    if b"\r" in line.rstrip(b"\r"):
        return "its lines end in CR alone; save them with LF or CR LF"
    if form.separator.encode() in line:
        return None
    found = next((name for sign, name in SIGNS.items() if sign.encode() in line), None)
    return found and f"its columns are separated by {found}; expected {SIGNS[form.separator]}"


def _read_parquet(file: Path) -> pl.DataFrame:
    """Times whose zone is a bare offset become text, which says the same: polars knows no such."""
    zoned = {
        field.name: offset[0]
        for field in pq.read_schema(file)
        if pa.types.is_timestamp(field.type) and (offset := OFFSET.fullmatch(field.type.tz or ""))
    }
    if not zoned:
        return pl.read_parquet(file)
    table = pq.read_table(file)
    utc = pa.schema(
        field.with_type(pa.timestamp("us", "UTC")) if field.name in zoned else field
        for field in table.schema
    )
    rows = pl.DataFrame(pl.from_arrow(table.cast(utc, safe=False)))
    return rows.with_columns(
        (pl.col(name) + _ahead(offset)).dt.strftime("%Y-%m-%dT%H:%M:%S%.f") + pl.lit(offset)
        for name, offset in zoned.items()
    )


def _ahead(offset: str) -> timedelta:
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if offset[0] == "-" else ahead


def _too_long(file: Path, form: Format) -> str | None:
    """The first row with more values than there are columns, of a text that is not compressed."""
    if form is PARQUET or form.compression != "uncompressed":
        return None
    with (
        suppress(csv.Error, OSError),
        file.open(newline="", encoding="utf-8", errors="replace") as text,
    ):
        rows = csv.reader(text, delimiter=form.separator)
        columns = len(next(rows, []))
        for row in rows:
            if len(row) > columns:
                return f"line {rows.line_num} has {len(row)} values, the header {columns} names"
    return None


def write_table(table: pl.DataFrame, file: Path) -> None:
    """Write it, with the folders above it. Raises `DiskFull`."""
    form = given_format(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as partial:
        if form is PARQUET:
            table.write_parquet(partial)
        else:
            table.write_csv(
                partial, separator=form.separator, compression=form.compression,
                check_extension=False,
            )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The tables below a folder with their places there, and the files that are none."""

    tables: list[tuple[Path, Path]]
    others: list[Path]


def find_tables(path: Path, without: Path) -> Found:
    """A file as it is given, or what is in a folder and below, except below `without`.

    Names that begin with a dot are left out. Raises `BadInput` if there is no table.
    """
    if path.is_file():
        return Found([(path, Path(path.name))], [])
    if not path.is_dir():
        raise BadInput(f"{path} does not exist. Give a file or a folder of files: {NAMES}.")
    inside = path.resolve() in without.resolve().parents
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and not (inside and without.resolve() in file.resolve().parents)
    ]
    found = Found(
        [(file, file.relative_to(path)) for file in files if format_of(file)],
        [file for file in files if not format_of(file)],
    )
    if not found.tables:
        there = f" Found: {some_names(found.others)}." if found.others else ""
        raise BadInput(f"No file in {path} or below ends in {NAMES}.{there}")
    return found


def some_names(files: Sequence[Path]) -> str:
    """The first three, and how many more there are."""
    more = len(files) - 3
    return ", ".join(file.name for file in files[:3]) + (f" and {more} more" if more > 0 else "")
