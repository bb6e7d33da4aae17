"""Read and write tables in the format that the name of the file says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from app.errors import BadInput

Compression = Literal["uncompressed", "gzip", "zstd"]
COMPRESSED: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
SEPARATORS = {".csv": ",", ".tsv": "\t"}
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
            return pl.read_parquet(file)
        return pl.read_csv(file, infer_schema=False, separator=form.separator)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise BadInput(
            f"{file} can't be read as {form.name}: {str(error).splitlines()[0]}"
        ) from error


def write_table(table: pl.DataFrame, file: Path) -> None:
    """Write it, with the folders above it."""
    form = given_format(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    if form is PARQUET:
        table.write_parquet(file)
    else:
        table.write_csv(
            file, separator=form.separator, compression=form.compression, check_extension=False
        )


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
